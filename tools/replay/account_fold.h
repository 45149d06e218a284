#pragma once
// One account's state, folded from its events in RAM: for looking at a moment there is no need of tables on a disk. It
// takes the domain's own evolve(); what the views' reducers add (counts, what has ended and leaves its user) it does
// likewise, and tests hold the two against each other.
//
// Opens no seal, reads no clock. Concurrency: one thread. Memory: about a kilobyte a user.

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <functional>

#include "domain/account.h"
#include "domain/hardware_token.h"
#include "domain/licence.h"
#include "domain/siem_destination.h"
#include "domain/user.h"

namespace countersign::replay {

class AccountFold : public domain::State {
 public:
  explicit AccountFold(domain::AccountId id) : id_(id) {}

  /// The account's next event; others' are passed over. Throws std::runtime_error when it contradicts the state.
  void take(const domain::EventView& event);

  domain::AccountId id() const { return id_; }
  bool exists() const { return account_.last_sequence > 0; }
  std::uint64_t events() const { return account_.last_sequence; }
  /// Of the last event taken.
  domain::UnixMs time() const { return time_; }

  const domain::Account& the_account() const { return account_; }
  bool was_erased(domain::UserId user) const { return erased_.contains(user.uuid); }
  /// In the order of their ids.
  void each_user(const std::function<void(const domain::User&)>& visit) const;
  void each_api_key(const std::function<void(const domain::ApiKey&)>& visit) const;
  void each_licence(const std::function<void(const domain::Licence&)>& visit) const;
  void each_hardware_token(const std::function<void(const domain::HardwareToken&)>& visit) const;
  void each_siem_destination(const std::function<void(const domain::SiemDestination&)>& visit) const;
  /// Wherever it stands now; null for what never was, or went with an erased person.
  const domain::Code* code(domain::CodeId id) const;
  const domain::Activation* activation(const domain::Uuid& id) const;
  /// Whose it is.
  std::optional<domain::UserId> owner_of_code(domain::CodeId id) const;
  std::optional<domain::UserId> owner_of_activation(const domain::Uuid& id) const;
  /// Also of one that was deleted.
  std::optional<domain::UserId> owner_of_authenticator(domain::AuthenticatorId id) const;
  /// A code with this keyed digest, ended or not.
  const domain::Code* code_with(const domain::Digest& digest) const;

  // domain::State, for who renders events. Digests of secrets and addresses aren't kept: find() finds nothing.
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

 private:
  template <class Object>
  struct Owned {
    domain::UserId user;
    Object ended;  ///< set when it has left its user
  };
  template <class Value>
  using ById = boost::unordered_flat_map<domain::Uuid, Value, domain::UuidHash>;

  void take_user_event(const domain::RecordedEvent& recorded);
  void take_api_key_event(const domain::RecordedEvent& recorded);
  void take_licence_event(const domain::RecordedEvent& recorded);
  void take_hardware_token_event(const domain::RecordedEvent& recorded);
  void take_siem_destination_event(const domain::RecordedEvent& recorded);
  void take_profile(domain::User& user, const domain::RecordedEvent& recorded);
  void take_code(domain::User& user, const domain::RecordedEvent& recorded);
  void take_authenticator(domain::User& user, const domain::RecordedEvent& recorded);
  void settle_ended(domain::User& user);
  void erase(const domain::User& user);

  const domain::AccountId id_;
  domain::UnixMs time_ = 0;
  domain::Account account_;
  ById<std::shared_ptr<domain::User>> users_;
  ById<std::shared_ptr<domain::ApiKey>> api_keys_;
  ById<std::shared_ptr<domain::Licence>> licences_;
  ById<std::shared_ptr<domain::HardwareToken>> hardware_tokens_;
  ById<std::shared_ptr<domain::SiemDestination>> siem_destinations_;
  ById<Owned<std::shared_ptr<const domain::Code>>> codes_;
  ById<Owned<std::shared_ptr<const domain::Activation>>> activations_;
  ById<domain::UserId> authenticators_, deleted_authenticators_;
  boost::unordered_flat_set<domain::Uuid, domain::UuidHash> erased_;
};

}  // namespace countersign::replay
