#pragma once
// A long piece of work that outlives its request: an import, a generation of codes for everybody, an erasure. What it
// is and how far it got stands in a small file of its own, so that it goes on after a crash; its chunks carry
// idempotency keys, so that going on repeats nothing.

#include <boost/system/result.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/account.h"

namespace countersign::operations {

enum class Kind { import_users, generate_for_new_users, erase_user, import_hardware_tokens };
enum class Status { pending, running, done, failed };
std::string_view text_of(Kind kind);
std::string_view text_of(Status status);

struct Operation {
  domain::OperationId id;
  domain::AccountId account;
  Kind kind = Kind::import_users;
  Status status = Status::pending;
  bool accepted = false;   ///< the event that commits to it is known to be in the log: only then it runs
  bool announced = false;  ///< operation.finished is known to be in the log: only then it shows as ended
  bool ended() const { return status == Status::done || status == Status::failed; }
  domain::UnixMs created_at = 0, finished_at = 0;
  std::optional<std::uint64_t> total;                     ///< nothing: not counted yet
  std::uint64_t done = 0, failed = 0;                     ///< for each that failed there is a report
  std::uint64_t created = 0, updated = 0, unchanged = 0;  ///< of an import
  std::vector<std::string> ignored_columns;
  std::string failure;  ///< why it failed as a whole, or can't go on now
  // how it runs
  domain::Party actor;
  domain::Role role = domain::Role::none;
  domain::Uuid correlation;
  std::string content_type;
  bool dry_run = false;
  domain::UserId user;
};

/// Finished operations, and files that were set aside, are kept this long.
inline constexpr domain::UnixMs kept_ms = 7 * domain::day_ms;

/// Operations as files: <directory>/<id>.json, written whole and renamed; beside it the spool as <id>.spool and
/// the reports of rows as <id>.rows.
class OperationFiles {
 public:
  explicit OperationFiles(std::filesystem::path directory);
  boost::system::error_code save(const Operation& operation) const;
  /// Nothing when there is none. Throws std::runtime_error when it is damaged.
  std::optional<Operation> load(domain::OperationId id) const;
  /// What a former process left. A file that can't be read is set aside with those beside it, as *.damaged, for
  /// kept_ms; what belongs to no operation, or is half written, is removed. To be called before anything is saved.
  std::vector<Operation> load_all(domain::UnixMs now, const std::function<void(std::string_view text)>& warn) const;
  std::filesystem::path spool_of(domain::OperationId id) const;
  std::filesystem::path rows_of(domain::OperationId id) const;
  /// Removes what ended longer ago than kept_ms.
  void remove_old(domain::UnixMs now) const;
  void remove_spool(domain::OperationId id) const;
  void remove(domain::OperationId id) const;

 private:
  void set_aside(domain::UnixMs now, const std::string& stem) const;
  std::filesystem::path directory_;
};

}  // namespace countersign::operations
