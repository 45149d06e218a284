// Walks through the views: rows in order, an account's events, everything for comparisons.

#include <array>
#include <cstring>

#include "projections/big_endian.h"
#include "projections/derived_database.h"
#include "projections/views.h"

namespace countersign::projections {
namespace {

/// The first sequence of the run under this key.
std::uint64_t first_sequence(const rocksdb::Slice& events_key) {
  return read_big_endian(view_of(events_key).substr(events_key.size() - sizeof(std::uint64_t)));
}

/// Events are read in place, which needs their numbers aligned, and a run's lie wherever the ones before them ended.
class AlignedEvent {
 public:
  std::string_view operator()(std::string_view event) {
    words_.resize(event.size() / sizeof(std::uint64_t) + 1);
    std::memcpy(words_.data(), event.data(), event.size());
    return {reinterpret_cast<const char*>(words_.data()), event.size()};
  }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace

void Views::scan(std::string_view prefix, std::string_view from, const Visit& visit) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, rows_));
  for (it->Seek(slice(std::max(prefix, from))); it->Valid() && view_of(it->key()).starts_with(prefix); it->Next())
    if (!visit(view_of(it->key()), view_of(it->value()))) return;
  require(it->status(), "views: scan");
}

void Views::scan_back(std::string_view prefix, const Visit& visit) const {
  const auto behind = std::string(prefix) + std::string(64, '\xff');
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, rows_));
  for (it->SeekForPrev(behind); it->Valid() && view_of(it->key()).starts_with(prefix); it->Prev())
    if (!visit(view_of(it->key()), view_of(it->value()))) return;
  require(it->status(), "views: scan");
}

void Views::scan_range(std::string_view from, std::string_view until, const Visit& visit) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, rows_));
  for (it->Seek(slice(from)); it->Valid() && view_of(it->key()) < until; it->Next())
    if (!visit(view_of(it->key()), view_of(it->value()))) return;
  require(it->status(), "views: scan");
}

void Views::events_from(domain::AccountId account, std::uint64_t first, const VisitEvent& visit) const {
  AlignedEvent aligned;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, events_));
  it->SeekForPrev(events_key(account, first));
  if (!it->Valid() || !view_of(it->key()).starts_with(account.uuid.view())) it->Seek(events_key(account, first));
  for (; it->Valid() && view_of(it->key()).starts_with(account.uuid.view()); it->Next()) {
    const auto run = decode_event_run(view_of(it->value()));
    auto sequence = first_sequence(it->key());
    for (const auto& event : run.events)
      if (sequence++ >= first && !visit(aligned(event), run.frame)) return;
  }
  require(it->status(), "views: scan of events");
}

void Views::events_back(domain::AccountId account, std::uint64_t last, const VisitEvent& visit) const {
  AlignedEvent aligned;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, events_));
  for (it->SeekForPrev(events_key(account, last)); it->Valid() && view_of(it->key()).starts_with(account.uuid.view());
       it->Prev()) {
    const auto run = decode_event_run(view_of(it->value()));
    auto sequence = first_sequence(it->key()) + run.events.size();
    for (auto event = run.events.rbegin(); event != run.events.rend(); ++event)
      if (--sequence <= last && !visit(aligned(*event), run.frame)) return;
  }
  require(it->status(), "views: scan of events");
}

void Views::dump(const std::function<void(std::string_view, std::string_view, std::string_view)>& visit) const {
  for (auto* family : {rows_, events_}) {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, family));
    for (it->SeekToFirst(); it->Valid(); it->Next()) visit(family->GetName(), view_of(it->key()), view_of(it->value()));
    require(it->status(), "views: dump");
  }
}

std::optional<std::pair<std::string, std::string>> Views::first_difference(const Views& other) const {
  const std::array families{std::pair{rows_, other.rows_}, std::pair{events_, other.events_}};
  for (const auto& [mine, theirs] : families) {
    const std::unique_ptr<rocksdb::Iterator> a(db_->NewIterator({}, mine)), b(other.db_->NewIterator({}, theirs));
    const auto past_position = [](rocksdb::Iterator& it) {
      while (it.Valid() && is_position(view_of(it.key()))) it.Next();
      return it.Valid();
    };
    a->SeekToFirst();
    b->SeekToFirst();
    for (;; a->Next(), b->Next()) {
      const bool in_a = past_position(*a), in_b = past_position(*b);
      if (!in_a && !in_b) break;
      if (in_a && in_b && a->key() == b->key() && a->value() == b->value()) continue;
      const auto& first = !in_b || (in_a && a->key().compare(b->key()) <= 0) ? a : b;
      return std::pair{mine->GetName(), first->key().ToString()};
    }
    require(a->status(), "views: dump");
    require(b->status(), "views: dump");
  }
  return std::nullopt;
}

}  // namespace countersign::projections
