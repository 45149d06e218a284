#include "projections/index/event_index.h"

#include <stdexcept>

namespace countersign::projections {
struct EventIndex::Account {
  explicit Account(domain::AccountId some_id) : id(some_id) {}

  struct Full {
    Reading::Loaded loaded;  ///< null: on disk only
    std::uint64_t used = 0;

    std::size_t memory_bytes() const {
      std::size_t bytes = loaded.segment->memory_bytes();
      for (const auto& numbers : *loaded.numbers) bytes += numbers.size() * sizeof(std::uint32_t);
      return bytes;
    }
  };
  struct Numbering {
    boost::unordered_flat_map<IndexValue, std::uint32_t, IndexValueHash> numbers;
    std::vector<IndexValue> values;
  };
  const domain::AccountId id;
  std::shared_mutex mutex;
  bool opened = false;
  std::vector<Full> full;
  std::shared_ptr<Segment> growing;
  std::shared_ptr<ValueNumbers> growing_numbers = std::make_shared<ValueNumbers>();
  std::mutex numbering_mutex;
  std::array<Numbering, many_count> numbering;

  std::uint64_t next() const { return growing->first_sequence() + growing->size(); }
};

EventIndex::EventIndex(const Views& views, SegmentStore& store, EventIndexOptions options)
    : views_(views), store_(store), options_(options) {}

EventIndex::~EventIndex() {
  {
    const std::lock_guard lock(stop_mutex_);
    stopping_ = true;
  }
  stop_wanted_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// --- Reading ---------------------------------------------------------------------------------------------------------

EventIndex::Reading::Reading(EventIndex& index, std::shared_ptr<Account> account)
    : index_(index), account_(std::move(account)), lock_(account_->mutex), full_(account_->full.size()) {}

EventIndex::Reading::Loaded EventIndex::Reading::load(std::size_t number) const {
  if (number == full_) return {account_->growing, account_->growing_numbers};
  return index_.load(*account_, number);
}

std::vector<std::pair<IndexValue, std::uint64_t>> EventIndex::Reading::values(
    Many field, const std::vector<std::uint32_t>& counts) const {
  std::vector<std::pair<IndexValue, std::uint64_t>> out;
  const std::lock_guard lock(account_->numbering_mutex);
  const auto& values = account_->numbering[static_cast<std::size_t>(field)].values;
  for (std::size_t n = 0; n < counts.size(); ++n)
    if (counts[n] > 0) out.emplace_back(values[n], counts[n]);
  return out;
}

std::size_t EventIndex::Reading::value_count(Many field) const {
  const std::lock_guard lock(account_->numbering_mutex);
  return account_->numbering[static_cast<std::size_t>(field)].values.size();
}

std::uint64_t EventIndex::Reading::last_sequence() const {
  return account_->next() - 1;
}

std::optional<EventIndex::Reading> EventIndex::read(domain::AccountId id,
                                                    std::chrono::steady_clock::time_point deadline) {
  const auto wanted = account(id);
  for (bool behind = true; behind;) {
    const std::unique_lock lock(wanted->mutex);
    behind = catch_up(*wanted, options_.chunk_events) == options_.chunk_events;
    if (behind && std::chrono::steady_clock::now() > deadline) return std::nullopt;
  }
  return Reading(*this, wanted);
}

std::shared_ptr<EventIndex::Account> EventIndex::account(domain::AccountId id) {
  const std::lock_guard lock(accounts_mutex_);
  auto& known = accounts_[id];
  if (!known) known = std::make_shared<Account>(id);
  return known;
}

EventIndex::Reading::Loaded EventIndex::load(Account& account, std::size_t number) {
  {
    const std::lock_guard lock(loaded_mutex_);
    auto& full = account.full[number];
    full.used = ++uses_;
    if (full.loaded.segment) return full.loaded;
  }
  std::shared_ptr<Segment> segment;
  if (const auto bytes = store_.get(account.id, number)) {
    try {
      segment = Segment::decode(*bytes, options_.segment_events);
    } catch (const std::runtime_error& unreadable) {
      note_error(unreadable.what());
    }
  }
  if (!segment || segment->first_sequence() != first_of(number) || !segment->full()) segment = build(account, number);
  return keep(account, number, std::move(segment));
}

/// Numbers the values that the segment has beyond those that `numbers` holds already.
void EventIndex::number_values(Account& account, const Segment& segment, ValueNumbers& numbers) {
  const std::lock_guard lock(account.numbering_mutex);
  for (std::size_t f = 0; f < many_count; ++f) {
    if (!is_numbered(static_cast<Many>(f))) continue;
    auto& known = account.numbering[f];
    const auto values = segment.values(static_cast<Many>(f));
    for (std::size_t n = numbers[f].size(); n < values.size(); ++n) {
      const auto [it, fresh] = known.numbers.try_emplace(values[n], static_cast<std::uint32_t>(known.values.size()));
      if (fresh) known.values.push_back(values[n]);
      numbers[f].push_back(it->second);
    }
  }
}

/// Keeps a full segment in memory, and lets those go that were used least lately when there are too many.
EventIndex::Reading::Loaded EventIndex::keep(Account& account, std::size_t number, std::shared_ptr<Segment> segment) {
  segment->count_ahead();
  auto numbers = std::make_shared<ValueNumbers>();
  number_values(account, *segment, *numbers);
  const Reading::Loaded loaded{std::move(segment), std::move(numbers)};
  const std::scoped_lock lock(accounts_mutex_, loaded_mutex_);
  auto& place = account.full[number];
  if (place.loaded.segment) return place.loaded;
  place = {loaded, ++uses_};
  loaded_bytes_ += place.memory_bytes();
  while (loaded_bytes_ > options_.memory_bytes) {
    Account::Full* oldest = nullptr;
    for (auto& [id, other] : accounts_)
      for (auto& full : other->full)
        if (full.loaded.segment && &full != &place && (!oldest || full.used < oldest->used)) oldest = &full;
    if (!oldest) break;
    loaded_bytes_ -= oldest->memory_bytes();
    oldest->loaded = {};
  }
  return loaded;
}

// --- Following -------------------------------------------------------------------------------------------------------

void EventIndex::open(Account& account) {
  auto count = store_.count(account.id);
  if (count > 0 && !ends_as_the_views_say(account.id, count)) count = 0;  // another history's: built again
  {
    const std::lock_guard lock(loaded_mutex_);
    account.full.resize(count);
  }
  account.growing = new_segment(first_of(count));
  account.opened = true;
  const std::lock_guard lock(status_mutex_);
  status_.events += account.next() - 1;
}

/// Whether the last stored segment ends with the event that stands there in the views, which may be an older copy.
bool EventIndex::ends_as_the_views_say(domain::AccountId account, std::size_t count) const {
  const auto bytes = store_.get(account, count - 1);
  if (!bytes) return false;
  try {
    const auto segment = Segment::decode(*bytes, options_.segment_events);
    std::optional<IndexedEvent> found;
    views_.events_from(account, first_of(count) - 1, [&](std::string_view event, bus::FrameNumber) {
      if (const auto view = domain::EventView::parse(event)) found = indexed(*view);
      return false;
    });
    return segment->full() && segment->first_sequence() == first_of(count - 1) &&
           found == segment->event(options_.segment_events - 1);
  } catch (const std::runtime_error&) {
    return false;
  }
}

void EventIndex::append(const Account& account, Segment& segment, std::string_view bytes) {
  IndexedEvent event;
  try {
    const auto view = domain::EventView::parse(bytes);
    if (!view) throw std::runtime_error("it is not an event that this release can read");
    event = indexed(*view);
  } catch (const std::runtime_error& unreadable) {
    const auto sequence = segment.first_sequence() + segment.size();
    note_error("event " + std::to_string(sequence) + " of " + account_text(account.id) + ": " + unreadable.what());
    event.time = segment.size() == 0 ? 0 : segment.time(segment.size() - 1);  // columns stay sorted
    const std::lock_guard lock(status_mutex_);
    ++status_.parked;
  }
  segment.append(event);
}

std::size_t EventIndex::catch_up(Account& account, std::size_t most) {
  if (!account.opened) open(account);
  std::size_t taken = 0;
  views_.events_from(account.id, account.next(), [&](std::string_view event, bus::FrameNumber) {
    append(account, *account.growing, event);
    ++taken;
    if (account.growing->full()) {
      const auto full = std::exchange(account.growing, new_segment(account.next()));
      account.growing_numbers = std::make_shared<ValueNumbers>();
      full->freeze();
      const auto number = account.full.size();
      store_.put(account.id, number, full->encode());
      {
        const std::lock_guard lock(loaded_mutex_);
        account.full.emplace_back();
      }
      keep(account, number, full);
    }
    return taken < most;
  });
  number_values(account, *account.growing, *account.growing_numbers);
  const std::lock_guard lock(status_mutex_);
  status_.events += taken;
  return taken;
}

std::shared_ptr<Segment> EventIndex::new_segment(std::uint64_t first) const {
  return std::make_shared<Segment>(first, options_.segment_events);
}

std::shared_ptr<Segment> EventIndex::build(const Account& account, std::size_t number) {
  auto segment = new_segment(first_of(number));
  views_.events_from(account.id, first_of(number), [&](std::string_view event, bus::FrameNumber) {
    append(account, *segment, event);
    return !segment->full();
  });
  segment->freeze();
  store_.put(account.id, number, segment->encode());
  return segment;
}

bool EventIndex::follow() {
  const auto reached = views_.positions();
  if (reached == status().followed) return false;
  const auto newest = views_.newest_time();
  std::vector<std::pair<domain::AccountId, std::uint64_t>> accounts;
  const std::string table(1, static_cast<char>(Table::accounts));
  views_.scan(table, table, [&](std::string_view, std::string_view row) {
    const auto account = decode_account(row);
    accounts.emplace_back(account.id, account.last_sequence);
    return true;
  });
  std::uint64_t behind = 0;
  std::int64_t behind_ms = 0;
  for (const auto& [id, last] : accounts) {
    const auto wanted = account(id);
    const std::unique_lock lock(wanted->mutex);
    if (!wanted->opened || wanted->next() <= last) catch_up(*wanted, options_.chunk_events);
    if (wanted->next() > last) continue;
    behind += last + 1 - wanted->next();
    const auto& growing = *wanted->growing;
    if (growing.size() > 0) behind_ms = std::max(behind_ms, newest - growing.time(growing.size() - 1));
  }
  const std::lock_guard lock(status_mutex_);
  if (behind == 0) status_.followed = reached;
  status_.behind = behind;
  status_.behind_ms = behind_ms;
  return behind > 0;
}

void EventIndex::start() {
  thread_ = std::thread([this] {
    std::unique_lock lock(stop_mutex_);
    while (!stopping_) {
      lock.unlock();
      bool more = false;
      try {
        more = follow();
      } catch (const std::exception& failed) {
        note_error(failed.what());
      }
      lock.lock();
      if (!more) stop_wanted_.wait_for(lock, options_.look_every, [this] { return stopping_; });
    }
  });
  pthread_setname_np(thread_.native_handle(), "event-index");
}

EventIndex::Status EventIndex::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

void EventIndex::note_error(const std::string& text) {
  const std::lock_guard lock(status_mutex_);
  status_.last_error = text;
}

}  // namespace countersign::projections
