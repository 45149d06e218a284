#include "adapters/queries/event_search.h"

#include <algorithm>
#include <future>
#include <thread>

#include "adapters/queries/event_search_counting.h"
#include "adapters/queries/stored_event.h"

namespace countersign::queries {

using projections::Bits;

EventSearch::EventSearch(const projections::EventIndex::Reading& reading, const projections::Views& views,
                         domain::AccountId account, EventFilter filter, SearchRange range, Clock::time_point deadline)
    : reading_(reading),
      views_(views),
      account_(account),
      filter_(std::move(filter)),
      single_(filter_.single()),
      range_(range),
      deadline_(deadline),
      exact_(filter_.in_index()) {}

EventSearch::Part EventSearch::part(std::size_t number) const {
  auto loaded = reading_.load(number);
  Part part{.segment = std::move(loaded.segment),
            .numbers = std::move(loaded.numbers),
            .frozen = number + 1 < reading_.segments()};
  const auto& segment = *part.segment;
  const auto first = segment.first_sequence();
  const auto place = [&](std::uint64_t sequence) {
    return sequence <= first ? 0 : std::min<std::size_t>(sequence - first, segment.size());
  };
  part.from = std::max(place(range_.first), segment.first_at(range_.since));
  part.until =
      std::min(range_.last < std::numeric_limits<std::uint64_t>::max() ? place(range_.last + 1) : segment.size(),
               segment.first_at(range_.until));
  return part;
}

EventSearch::Share EventSearch::all_segments() const {
  const std::uint64_t size = reading_.segment_events();
  const std::size_t segments = reading_.segments();
  const std::size_t begin = range_.first == 0 ? 0 : std::min<std::uint64_t>((range_.first - 1) / size, segments);
  const std::size_t end = std::min<std::uint64_t>((std::max<std::uint64_t>(range_.last, 1) - 1) / size + 1, segments);
  return {begin, std::max(begin, end)};
}

/// Parts that hold events of the range, until `use` returns false.
template <class Use>
void EventSearch::each_part(Share share, bool newest_first, Use use) const {
  for (std::size_t n = share.begin; n < share.end; ++n) {
    keep_within_time();
    const auto found = part(newest_first ? share.end - 1 - (n - share.begin) : n);
    if (found.from < found.until && !use(found)) return;
  }
}

template <class Counted>
std::vector<Counted> EventSearch::in_shares(const std::function<Counted(Share)>& count) const {
  constexpr std::size_t most_threads = 4, least_segments = 8;  // a thread costs 30 us, a segment 100 us
  const auto all = all_segments();
  const auto segments = all.end - all.begin;
  const auto processors = std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
  const auto threads = std::clamp<std::size_t>(segments / least_segments, 1, std::min(most_threads, processors));
  const auto share = [&](std::size_t n) {
    return Share{all.begin + segments * n / threads, all.begin + segments * (n + 1) / threads};
  };
  std::vector<std::future<Counted>> others;
  for (std::size_t n = 1; n < threads; ++n) others.push_back(std::async(std::launch::async, count, share(n)));
  std::vector<Counted> counted;
  counted.push_back(count(share(0)));
  for (auto& other : others) counted.push_back(other.get());
  return counted;
}

void EventSearch::keep_within_time() const {
  if (Clock::now() > deadline_) throw SearchTooCostly();
}

void EventSearch::evaluate(const Part& part, Bits& bits) const {
  if (exact_)
    filter_.evaluate(*part.segment, bits);
  else
    bits.set_range(0, part.segment->size());
  if (part.whole()) return;
  Bits range;
  range.set_range(part.from, part.until);
  bits &= range;
}

/// Takes away what the events themselves don't confirm.
void EventSearch::confirm(const Part& part, Bits& bits) const {
  Bits confirmed;
  const auto first = part.segment->first_sequence();
  std::size_t looked_at = 0;
  views_.events_from(account_, first + part.from, [&](std::string_view bytes, bus::FrameNumber frame) {
    const auto event = stored_event(bytes, frame);
    if (event.sequence() >= first + part.until) return false;
    if (++looked_at % 256 == 0) keep_within_time();
    const auto place = event.sequence() - first;
    if (bits.test(place) && filter_.matches(event)) confirmed.set(place);
    return true;
  });
  bits = confirmed;
}

void EventSearch::walk(bool newest_first, const Visit& visit) const {
  each_part(all_segments(), newest_first, [&](const Part& part) {
    Bits bits;
    evaluate(part, bits);
    const auto use = [&](std::size_t place) { return visit(part.segment->first_sequence() + place); };
    return newest_first ? bits.each_back(use) : bits.each(use);
  });
}

bool EventSearch::read(std::uint64_t sequence,
                       const std::function<void(const domain::EventView&, bus::FrameNumber)>& use) const {
  bool found = false;
  views_.events_from(account_, sequence, [&](std::string_view bytes, bus::FrameNumber frame) {
    const auto event = stored_event(bytes, frame);
    found = event.sequence() == sequence;
    if (found) use(event, frame);
    return false;
  });
  return found;
}

EventSearch::Counts EventSearch::count(const std::vector<const Attribute*>& fields) const {
  auto shares = in_shares<Counting>([&](Share share) {
    Counting counting(*this, fields);
    each_part(share, false, [&](const Part& part) {
      counting.add(part);
      return true;
    });
    return counting;
  });
  for (std::size_t n = 1; n < shares.size(); ++n) shares.front().add(shares[n]);
  return shares.front().take();
}

/// How many events of a whole segment match, when its own counts say that.
std::optional<std::uint64_t> EventSearch::known_count(const Part& part) const {
  if (!part.whole() || !exact_) return std::nullopt;
  if (filter_.matches_all()) return part.segment->size();
  if (!single_) return std::nullopt;
  std::uint64_t total = 0;
  for (unsigned value = 0; value < 256; ++value)
    if (single_->fits[value]) total += part.segment->count(single_->field, static_cast<std::uint8_t>(value));
  return total;
}

std::vector<std::uint64_t> EventSearch::count_between(const std::vector<domain::UnixMs>& times) const {
  using Intervals = std::vector<std::uint64_t>;
  auto shares = in_shares<Intervals>([&](Share share) { return count_between(times, share); });
  auto& sum = shares.front();
  for (std::size_t n = 1; n < shares.size(); ++n) std::ranges::transform(sum, shares[n], sum.begin(), std::plus{});
  return std::move(sum);
}

std::vector<std::uint64_t> EventSearch::count_between(const std::vector<domain::UnixMs>& times, Share share) const {
  std::vector<std::uint64_t> counts(times.size() - 1);
  each_part(share, false, [&](const Part& part) {
    const auto& segment = *part.segment;
    // Only the intervals that this part reaches into.
    auto interval = static_cast<std::size_t>(std::ranges::upper_bound(times, segment.time(part.from)) - times.begin());
    interval = interval == 0 ? 0 : interval - 1;
    const bool in_one = interval < counts.size() && segment.time(part.from) >= times[interval] &&
                        segment.time(part.until - 1) < times[interval + 1];
    if (const auto total = in_one ? known_count(part) : std::nullopt) {
      counts[interval] += *total;
      return true;
    }
    Bits bits;
    evaluate(part, bits);
    if (!exact_) confirm(part, bits);
    if (!bits.any()) return true;
    auto from = std::max(part.from, segment.first_at(times[interval]));
    for (; interval < counts.size() && from < part.until; ++interval) {
      const auto until = std::min(part.until, segment.first_at(times[interval + 1]));
      counts[interval] += bits.count(from, until);
      from = until;
    }
    return true;
  });
  return counts;
}

std::optional<std::pair<domain::UnixMs, domain::UnixMs>> EventSearch::times() const {
  std::optional<std::pair<domain::UnixMs, domain::UnixMs>> found;
  each_part(all_segments(), false, [&](const Part& part) {
    found.emplace(part.segment->time(part.from), 0);
    return false;
  });
  each_part(all_segments(), true, [&](const Part& part) {
    found->second = part.segment->time(part.until - 1);
    return false;
  });
  return found;
}

}  // namespace countersign::queries
