#include "adapters/queries/event_search.h"

#include <algorithm>

#include "adapters/queries/stored_event.h"

namespace countersign::queries {

using projections::Bits;

EventSearch::EventSearch(const projections::EventIndex::Reading& reading, const projections::Views& views,
                         domain::AccountId account, EventFilter filter, SearchRange range, Clock::time_point deadline,
                         Confirm confirm)
    : reading_(reading),
      views_(views),
      account_(account),
      filter_(std::move(filter)),
      single_(filter_.single()),
      range_(range),
      deadline_(deadline),
      confirm_(std::move(confirm)) {
  if (filter_.in_index()) return;
  confirm_ = [filter = filter_, also = std::move(confirm_)](const domain::EventView& event) {
    return filter.matches(event) && (!also || also(event));
  };
}

EventSearch::Part EventSearch::part(std::size_t number) const {
  Part part{.segment = reading_.segment(number), .frozen = number + 1 < reading_.segments()};
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

/// Parts that hold events of the range, until `use` returns false.
template <class Use>
void EventSearch::each_part(bool newest_first, Use use) const {
  const std::uint64_t size = reading_.segment_events();
  const std::size_t segments = reading_.segments();
  const std::size_t begin = range_.first == 0 ? 0 : std::min<std::uint64_t>((range_.first - 1) / size, segments);
  const std::size_t end = std::min<std::uint64_t>((std::max<std::uint64_t>(range_.last, 1) - 1) / size + 1, segments);
  for (std::size_t n = begin; n < end; ++n) {
    keep_within_time();
    const auto found = part(newest_first ? end - 1 - (n - begin) : n);
    if (found.from < found.until && !use(found)) return;
  }
}

void EventSearch::keep_within_time() const {
  if (Clock::now() > deadline_) throw SearchTooCostly();
}

void EventSearch::evaluate(const Part& part, Bits& bits) const {
  if (filter_.in_index())
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
    if (bits.test(place) && confirm_(event)) confirmed.set(place);
    return true;
  });
  bits = confirmed;
}

void EventSearch::walk(bool newest_first, const Visit& visit) const {
  each_part(newest_first, [&](const Part& part) {
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

/// Counts a whole segment from what is known of it, without looking at its events. False: they must be looked at.
bool EventSearch::count_whole(const Part& part, Counts& counts) const {
  if (!part.whole() || confirm_ || !(filter_.matches_all() || single_)) return false;
  const bool all_few =
      std::ranges::all_of(counts.fields, [](const auto& field) { return field.attribute->few.has_value(); });
  if (single_ && !all_few) return false;
  const auto& segment = *part.segment;
  std::vector<std::uint8_t> fitting;
  for (unsigned value = 0; single_ && value < 256; ++value)
    if (single_->fits[value] && segment.count(single_->field, static_cast<std::uint8_t>(value)) > 0)
      fitting.push_back(static_cast<std::uint8_t>(value));
  if (!single_) counts.total += segment.size();
  for (const auto value : fitting) counts.total += segment.count(single_->field, value);
  for (auto& field : counts.fields) {
    if (field.attribute->many) {
      const auto values = segment.values(*field.attribute->many);
      const auto& each = segment.counts(*field.attribute->many);
      for (std::size_t n = 0; n < values.size(); ++n) field.many[values[n]] += each[n];
      continue;
    }
    for (unsigned value = 0; value < 256; ++value) {
      const auto byte = static_cast<std::uint8_t>(value);
      if (!single_) field.few[value] += segment.count(*field.attribute->few, byte);
      for (const auto fits : fitting)
        field.few[value] += segment.count(single_->field, fits, *field.attribute->few, byte);
    }
  }
  return true;
}

EventSearch::Counts EventSearch::count(const std::vector<const Attribute*>& fields) const {
  Counts counts;
  counts.fields.resize(fields.size());
  for (std::size_t f = 0; f < fields.size(); ++f) counts.fields[f].attribute = fields[f];
  each_part(false, [&](const Part& part) {
    if (count_whole(part, counts)) return true;
    Bits bits;
    evaluate(part, bits);
    if (confirm_) confirm(part, bits);
    counts.total += bits.count();
    for (auto& field : counts.fields) {
      if (field.attribute->few) {
        const auto column = part.segment->column(*field.attribute->few);
        bits.each([&](std::size_t i) { return ++field.few[column[i]], true; });
        continue;
      }
      const auto column = part.segment->column(*field.attribute->many);
      const auto values = part.segment->values(*field.attribute->many);
      std::vector<std::uint32_t> each(values.size());
      bits.each([&](std::size_t i) { return ++each[column[i]], true; });
      for (std::size_t n = 0; n < values.size(); ++n)
        if (each[n] > 0) field.many[values[n]] += each[n];
    }
    return true;
  });
  return counts;
}

std::vector<std::uint64_t> EventSearch::count_between(const std::vector<domain::UnixMs>& times) const {
  std::vector<std::uint64_t> counts(times.size() - 1);
  each_part(false, [&](const Part& part) {
    Bits bits;
    evaluate(part, bits);
    if (confirm_) confirm(part, bits);
    if (!bits.any()) return true;
    const auto& segment = *part.segment;
    // Only the intervals that this part reaches into.
    auto interval = static_cast<std::size_t>(std::ranges::upper_bound(times, segment.time(part.from)) - times.begin());
    interval = interval == 0 ? 0 : interval - 1;
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
  each_part(false, [&](const Part& part) {
    found.emplace(part.segment->time(part.from), 0);
    return false;
  });
  each_part(true, [&](const Part& part) {
    found->second = part.segment->time(part.until - 1);
    return false;
  });
  return found;
}

}  // namespace countersign::queries
