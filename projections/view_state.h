#pragma once
// Reads rows as decisions and queries see them: the own overlay first, then batches that have not landed (newest
// first), then RocksDB. Point look-ups only.
//
// Concurrency: a ViewState belongs to one thread; any number may read the same overlays and views.

#include <memory>
#include <vector>

#include "domain/decision.h"
#include "projections/overlay.h"

namespace countersign::projections {

/// Where rows come from when no overlay has them.
class RowStore {
 public:
  virtual ~RowStore() = default;
  virtual std::optional<std::string> get(std::string_view key) const = 0;
  /// The row as `decode` makes it, null when there is none; a table's rows are always decoded by the same function, so
  /// that a store may keep what came out.
  using Decode = std::shared_ptr<const void> (*)(std::string_view bytes);
  virtual std::shared_ptr<const void> decoded(std::string_view key, Decode decode) const {
    const auto bytes = get(key);
    return bytes ? decode(*bytes) : nullptr;
  }
};

using Overlays = std::vector<std::shared_ptr<const Overlay>>;  ///< newest first

class ViewState : public domain::State {
 public:
  ViewState(const RowStore& store, Overlays unlanded, const Overlay* own = nullptr)
      : store_(store), unlanded_(std::move(unlanded)), own_(own) {}

  std::shared_ptr<const domain::Account> account(domain::AccountId id) const override;
  std::shared_ptr<const domain::User> user(domain::AccountId account, domain::UserId id) const override;
  std::shared_ptr<const domain::ApiKey> api_key(domain::AccountId account, domain::ApiKeyId id) const override;
  std::shared_ptr<const domain::SiemDestination> siem_destination(domain::AccountId account,
                                                                  domain::SiemDestinationId id) const override;
  std::shared_ptr<const domain::Licence> licence(domain::AccountId account, domain::LicenceId id) const override;
  std::shared_ptr<const domain::HardwareToken> hardware_token(domain::AccountId account,
                                                              domain::HardwareTokenId id) const override;
  std::optional<domain::DigestEntry> find(const domain::Digest& digest) const override;
  std::optional<domain::Located> locate_code(domain::AccountId account, domain::CodeId id) const override;
  std::optional<domain::Located> locate_activation(domain::AccountId account, const domain::Uuid& id) const override;
  std::optional<domain::Located> locate_authenticator(domain::AccountId account,
                                                      domain::AuthenticatorId id) const override;
  std::optional<domain::AccountId> account_of_slot(std::uint16_t slot) const override;
  /// Another number than before: some destination of the partition has changed, or whether its account is suspended.
  std::uint64_t destination_changes(std::uint32_t partition) const;
  /// An answer record of the partition, of today or the day before.
  std::optional<std::string> answer(std::uint32_t partition, std::string_view scope, domain::UnixMs now) const;

  /// Look-ups made so far: tests hold that refusals of one kind make the same number.
  std::size_t lookups() const { return lookups_; }

 private:
  const Row* in_overlays(std::string_view key) const;
  std::optional<std::string> bytes(std::string_view key) const;
  template <auto decode>
  auto decoded(std::string_view key) const;

  const RowStore& store_;
  Overlays unlanded_;
  const Overlay* own_;
  mutable std::size_t lookups_ = 0;
};

}  // namespace countersign::projections
