#include "tools/countersignd/key_audit.h"

#include <stdexcept>

namespace countersign::server {
namespace {

constexpr std::size_t subjects_at_once = 4096, most_named = 5;

/// The key store's subjects in their order, which is that of the users' rows.
class Subjects {
 public:
  explicit Subjects(keys::KeyStore& keys) : keys_(keys) {}

  /// `wanted` must not go back.
  bool contains(const keys::Subject& wanted) {
    for (;; ++next_) {
      if (next_ == some_.size() && !read()) return false;
      if (some_[next_] >= wanted) return some_[next_] == wanted;
    }
  }

 private:
  bool read() {
    if (ended_) return false;
    const auto after = some_.empty() ? std::nullopt : std::optional(some_.back());
    auto more = keys_.subjects_after(after, subjects_at_once);
    if (more.has_error()) throw std::runtime_error("the key store can't be read: " + more.error().message());
    ended_ = more->size() < subjects_at_once;
    next_ = 0;
    some_ = std::move(*more);
    return !some_.empty();
  }

  keys::KeyStore& keys_;
  std::vector<keys::Subject> some_;
  std::size_t next_ = 0;
  bool ended_ = false;
};

}  // namespace

PeopleWithoutKeys people_without_keys(keys::KeyStore& keys, const projections::Views& views,
                                      const std::stop_token& stop) {
  PeopleWithoutKeys found;
  Subjects subjects(keys);
  const std::string users(1, static_cast<char>(projections::Table::users));
  views.scan(users, users, [&](std::string_view row, std::string_view) {
    const keys::Subject subject{domain::AccountId{domain::uuid_from(row.substr(1))},
                                domain::UserId{domain::uuid_from(row.substr(17))}};
    if (subjects.contains(subject)) return !stop.stop_requested();
    // Who came while the walk was under way has a key by now. Who was erased has no row: that goes before the key.
    const auto key = keys.subject_key(subject.account, subject.user);
    const bool missing = key.has_error() || !*key;
    if (missing && views.get(row)) {
      ++found.count;
      if (found.first.size() < most_named) found.first.push_back(subject.user.text());
    }
    return !stop.stop_requested();
  });
  return found;
}

void audit_keys(keys::KeyStore& keys, const projections::Views& views, Log& log, const std::stop_token& stop) {
  try {
    const auto found = people_without_keys(keys, views, stop);
    if (found.count == 0) return;
    std::string first;
    for (const auto& id : found.first) first.append(first.empty() ? "" : " ").append(id);
    log.write(LogLevel::error, "people without a key: what is known of them can't be read. Restore a backup",
              {{"people", std::to_string(found.count)}, {"first", first}});
  } catch (const std::exception& error) {
    log.write(LogLevel::error, "the keys could not be held against the people", {{"reason", error.what()}});
  }
}

}  // namespace countersign::server
