#pragma once
// A large account's past, made up: people, keys and addresses of which few do much and most do little, over a year;
// events sealed and encoded as the server does, landed in views by the frame. The same seed makes the same events, but
// for what is drawn for sealing.

#include <functional>
#include <memory>
#include <random>

#include "adapters/commands/event_writer.h"
#include "projections/views.h"
#include "tools/bench/measure.h"

namespace countersign::bench {

class History {
 public:
  /// `events` decides how many people and addresses there are.
  History(const std::filesystem::path& directory, std::uint64_t events);

  /// Makes all events and lands them; each is shown to `see` on its way.
  void make(const std::function<void(const domain::EventView&)>& see);

  domain::AccountId account() const { return account_; }
  projections::Views& views() { return *views_; }
  keys::KeyStore& keys() { return *keys_; }
  std::uint64_t events() const { return events_; }

 private:
  void add_people();
  domain::NewEvent next_event();
  domain::Context context_for(const domain::NewEvent& event);
  std::size_t below(std::size_t n) { return random_() % n; }
  /// A number below `n`; small ones far more often.
  std::size_t skewed(std::size_t n);

  const std::uint64_t events_;
  std::mt19937_64 random_{42};
  domain::AccountId account_;
  std::unique_ptr<keys::KeyStore> keys_;
  std::unique_ptr<projections::Views> views_;
  std::vector<domain::UserId> people_;
  std::vector<domain::DeviceId> devices_;
  std::vector<domain::ApiKeyId> api_keys_;
  domain::UnixMs time_ = 0;
};

}  // namespace countersign::bench
