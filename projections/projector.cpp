#include "projections/projector.h"

#include <stdexcept>
#include <utility>

#include "projections/rows.h"

namespace countersign::projections {

Projector::Projector(Views& views, std::uint32_t partition, std::size_t batch_bytes, Land land)
    : views_(views),
      partition_(partition),
      batch_bytes_(batch_bytes),
      land_(land ? std::move(land) : [&views](const auto& overlay) { views.land(*overlay); }),
      overlay_(partition) {}

namespace {

/// Whose seed nobody needs after the event. A hardware token that is no authenticator any more keeps its own.
std::optional<domain::AuthenticatorId> without_seed(const ViewState& after, const domain::EventView& event) {
  const auto id = event.target().id;
  const bool token_gone = event.type() == domain::EventType::hardware_token_deleted;
  const bool gone = token_gone || (event.type() == domain::EventType::authenticator_deleted &&
                                   !after.hardware_token(event.account(), domain::HardwareTokenId{id}));
  return gone ? std::optional(domain::AuthenticatorId{id}) : std::nullopt;
}

}  // namespace

void Projector::apply(const bus::Frame& frame, const bus::AcceptanceState& after) {
  overlay_.begin_frame(frame.number, frame.time);
  const ViewState state(views_, landing_ ? Overlays{landing_} : Overlays{}, &overlay_);
  for (const auto bytes : frame.events) {
    const auto event = domain::EventView::parse(bytes);
    if (!event)
      throw std::runtime_error(
          "frame " + std::to_string(bus::value(frame.number)) +
          " holds an event that this release can't read: a later release wrote it, or the log is damaged");
    domain::RecordedEvent recorded{*event, {}};
    if (domain::keeps_seal(event->type())) recorded.clear_hash = bus::sha256(event->clear_bytes());
    reduce(overlay_, state, recorded, bytes);
    if (on_erased_ && event->type() == domain::EventType::user_erased)
      on_erased_(event->account(), domain::UserId{event->subject().id});
    if (const auto deleted = on_deleted_ ? without_seed(state, *event) : std::nullopt)
      on_deleted_(event->account(), *deleted);
    ++events_;
  }
  for (const auto record : frame.answers) reduce_answer(overlay_, record, bus::value(frame.time));
  overlay_.position = after;
  if (overlay_.size_bytes() >= batch_bytes_) land();
}

Projector::~Projector() {
  if (landed_.valid()) landed_.wait();
}

void Projector::land() {
  if (landed_.valid()) landed_.get();
  landing_ = std::make_shared<const Overlay>(std::exchange(overlay_, Overlay(partition_)));
  landed_ = std::async(std::launch::async, [this, landing = landing_] { land_(landing); });
}

void Projector::finish(const bus::AcceptanceState& position) {
  settle();
  if (overlay_.empty() && views_.position(partition_) == position) return;
  overlay_.begin_frame(position.last, position.time);
  overlay_.position = position;
  land();
  settle();
}

void Projector::settle() {
  if (landed_.valid()) landed_.get();
  landing_.reset();
}

namespace {

class Fingerprint {
 public:
  void add(std::string_view bytes) {
    const std::uint64_t size = bytes.size();
    hash_.update(std::string_view(reinterpret_cast<const char*>(&size), sizeof size)).update(bytes);
  }
  std::string hex() {
    std::string hex;
    for (const auto byte : hash_.finish()) {
      constexpr std::string_view digits = "0123456789abcdef";
      hex += digits[byte >> 4];
      hex += digits[byte & 15];
    }
    return hex;
  }

 private:
  bus::Sha256 hash_;
};

}  // namespace

std::string fingerprint(const Views& views) {
  Fingerprint all;
  views.dump([&](std::string_view family, std::string_view key, std::string_view value) {
    if (is_position(key)) return;
    all.add(family);
    all.add(key);
    all.add(value);
  });
  return all.hex();
}

std::string fingerprint_without_frames(const Views& views) {
  Fingerprint all;
  views.dump([&](std::string_view family, std::string_view key, std::string_view value) {
    if (family != "default") {
      for (const auto event : decode_event_run(value).events) {
        all.add(key.substr(0, sizeof(domain::Uuid::bytes)));
        all.add(event);
      }
    } else if (!is_position(key)) {
      all.add(key);
      all.add(value);
    }
  });
  return all.hex();
}

}  // namespace countersign::projections
