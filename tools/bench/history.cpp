#include "tools/bench/history.h"

#include <cmath>

#include "adapters/keys/random.h"
#include "adapters/keys/sealing.h"
#include "domain/user.h"

namespace countersign::bench {
namespace {

using domain::EventType;
using domain::Reason;

constexpr domain::UnixMs begin_ms = 1'767'225'600'000, year_ms = 365ll * 86'400'000;
constexpr std::size_t events_a_frame = 64, frames_a_landing = 1'500, addresses = 50'000;

struct Kind {
  EventType type;
  unsigned weight;
  bool by_key;  ///< an administrator's or a gateway's doing, else the person's own
  Reason failed = Reason::none;
};
constexpr Kind kinds[] = {
    {EventType::session_seen, 300, false},
    {EventType::session_started, 120, false},
    {EventType::session_ended, 110, false},
    {EventType::token_issued, 90, false},
    {EventType::device_activated, 85, false},
    {EventType::registration_code_used, 85, false},
    {EventType::registration_code_generated, 80, true},
    {EventType::registration_code_redemption_refused, 45, false, Reason::code_used},
    {EventType::registration_code_redemption_refused, 15, false, Reason::code_expired},
    {EventType::user_updated, 25, true},
    {EventType::token_revoked, 20, true},
    {EventType::device_revoked, 10, true},
    {EventType::user_disabled, 6, true},
    {EventType::user_enabled, 5, true},
    {EventType::api_key_refused, 3, false, Reason::key_unknown},
    {EventType::provisioning_changed, 1, true},
};
constexpr unsigned weight_of_all = [] {
  unsigned sum = 0;
  for (const auto& kind : kinds) sum += kind.weight;
  return sum;
}();

}  // namespace

History::History(const std::filesystem::path& directory, std::uint64_t events) : events_(events) {
  keys_ = keys::KeyStore::open(directory / "keys", keys::random_master_key(), keys::KeyStore::Mode::create_if_missing,
                               {.cached_subject_keys = 1'000'000});
  account_ = domain::AccountId{keys::random_uuid(begin_ms)};
  if (keys_->create_account_key(account_)) throw std::runtime_error("the account's key can't be stored");
  views_ = std::make_unique<projections::Views>(projections::ViewOptions{.directory = (directory / "views").string()});
  for (int i = 0; i < 20; ++i) api_keys_.push_back(keys::random_id<domain::ApiKeyId>(begin_ms));
  add_people();
}

void History::add_people() {
  const std::size_t count = std::max<std::uint64_t>(100, events_ / 40), chunk = 1'000;
  projections::Overlay overlay;
  for (std::size_t at = 0; at < count; at += chunk) {
    std::vector<domain::UserId> ids;
    for (std::size_t i = at; i < std::min(count, at + chunk); ++i)
      ids.push_back(keys::random_id<domain::UserId>(begin_ms));
    if (keys_->create_subject_keys(account_, ids)) throw std::runtime_error("people's keys can't be stored");
    for (const auto& id : ids) {
      domain::Personal personal;
      personal.first_name = "First" + std::to_string(people_.size());
      personal.last_name = "Last" + std::to_string(people_.size());
      personal.email = "user" + std::to_string(people_.size()) + "@example.com";
      domain::User user;
      user.id = id;
      user.profile.event = keys::random_id<domain::EventId>(begin_ms);
      const auto key = keys::event_key(**keys_->subject_key(account_, id), user.profile.event);
      keys::seal(key, user.profile.clear_hash, domain::encode_personal(personal), user.profile.sealed);
      overlay.put(projections::user_key(account_, id), projections::encode(user));
      people_.push_back(id);
      for (int device = 0; device < 2; ++device) devices_.push_back(keys::random_id<domain::DeviceId>(begin_ms));
    }
  }
  views_->land(overlay);
}

std::size_t History::skewed(std::size_t n) {
  const auto uniform = static_cast<double>(random_() >> 11) / static_cast<double>(std::uint64_t{1} << 53);
  return std::min(n - 1, static_cast<std::size_t>(static_cast<double>(n) * std::pow(uniform, 4)));
}

domain::NewEvent History::next_event() {
  auto weight = below(weight_of_all);
  const auto* kind = kinds;
  for (; weight >= kind->weight; ++kind) weight -= kind->weight;
  const auto person = skewed(people_.size());
  domain::NewEvent event{.type = kind->type, .subject = domain::party(people_[person])};
  event.target = domain::party(devices_[2 * person + below(2)]);
  if (kind->type == EventType::api_key_refused) event.subject = domain::party(api_keys_[below(api_keys_.size())]);
  if (kind->failed != Reason::none) {
    event.outcome = domain::Outcome::failure;
    event.reason = kind->failed;
  } else if (kind->by_key) {
    event.reason = Reason::by_administrator;
  }
  event.session = {devices_[2 * person].uuid};
  return event;
}

domain::Context History::context_for(const domain::NewEvent& event) {
  domain::Context context;
  context.account = account_;
  context.now = time_;
  if (event.reason == Reason::by_administrator)
    context.actor = domain::party(api_keys_[skewed(api_keys_.size())]);
  else
    context.actor.kind = domain::PartyKind::source;
  const auto address = skewed(addresses);
  context.ip = "10." + std::to_string(address >> 16) + "." + std::to_string(address >> 8 & 255) + "." +
               std::to_string(address & 255);
  std::array<std::uint8_t, 16> digest{};
  for (std::size_t i = 0; i < sizeof address; ++i) digest[i + 3] = static_cast<std::uint8_t>(address >> (8 * i));
  context.ip_digest = digest;
  context.user_agent = "Mozilla/5.0 (X11; Linux x86_64) Countersign bench";
  context.correlation = keys::random_uuid(time_);
  return context;
}

void History::make(const std::function<void(const domain::EventView&)>& see) {
  commands::EventWriter writer(*keys_);
  projections::Overlay overlay;
  bus::AcceptanceState position;
  std::size_t frames = 0;
  const auto land = [&](std::uint64_t last) {
    domain::Account row;
    row.id = account_;
    row.last_sequence = last;
    overlay.put(projections::account_key(account_), projections::encode(row));
    overlay.position = position;
    views_->land(overlay);
    overlay = projections::Overlay{};
    frames = 0;
  };
  for (std::uint64_t sequence = 1; sequence <= events_; ++sequence) {
    time_ =
        begin_ms + static_cast<domain::UnixMs>(static_cast<double>(sequence) / static_cast<double>(events_) * year_ms);
    if (sequence % events_a_frame == 1) {
      if (++frames == frames_a_landing) land(sequence - 1);
      position.last = bus::next(position.last);
      position.time = bus::TimeMs{time_};
      overlay.begin_frame(position.last, position.time);
    }
    auto event = next_event();
    const auto context = context_for(event);
    const auto written = writer.write(std::move(event), context, sequence);
    if (!written) throw std::runtime_error("an event can't be sealed");
    overlay.add_event(account_, sequence, written->bytes);
    see(*domain::EventView::parse(written->bytes));
  }
  land(events_);
}

}  // namespace countersign::bench
