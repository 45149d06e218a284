// Exact counts by field. Whole segments are counted from what is known of them where that suffices: how many events
// have each value, or each pair of values; otherwise the events that match are walked, or those that don't, if they are
// fewer.

#include <algorithm>

#include "adapters/queries/event_search_counting.h"

namespace countersign::queries {

using projections::Bits;

EventSearch::Counting::Counting(const EventSearch& search, const std::vector<const Attribute*>& fields)
    : search_(&search), fields_(fields.size()) {
  for (std::size_t f = 0; f < fields.size(); ++f) fields_[f].attribute = fields[f];
}

void EventSearch::Counting::add(const Part& part) {
  const auto known = search_->known_count(part);
  if (known) {
    total_ += *known;
    add_known(part);
  }
  std::vector<Field*> rest;
  for (auto& field : fields_)
    if (!known || (field.attribute->many && search_->single_)) rest.push_back(&field);
  if (known && rest.empty()) return;
  Bits bits;
  search_->evaluate(part, bits);
  if (!search_->exact_) search_->confirm(part, bits);
  const auto hits = bits.count();
  if (!known) total_ += hits;
  if (hits == 0) return;
  const bool fewer_others = part.whole() && hits > part.segment->size() / 2;
  if (fewer_others) bits.flip(part.segment->size());
  places_.resize(fewer_others ? part.segment->size() - hits : hits);
  auto* place = places_.data();
  bits.each([&](std::size_t i) { return *place++ = static_cast<std::uint16_t>(i), true; });
  for (auto* field : rest) {
    if (field->attribute->few)
      walk_few(*field, part, fewer_others);
    else
      walk_many(*field, part, fewer_others);
  }
}

void EventSearch::Counting::add(const Counting& other) {
  total_ += other.total_;
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    auto& mine = fields_[f];
    const auto& theirs = other.fields_[f];
    for (std::size_t value = 0; value < mine.few.size(); ++value) mine.few[value] += theirs.few[value];
    if (mine.by_number.size() < theirs.by_number.size()) mine.by_number.resize(theirs.by_number.size());
    for (std::size_t n = 0; n < theirs.by_number.size(); ++n) mine.by_number[n] += theirs.by_number[n];
    for (const auto& [value, count] : theirs.by_value) mine.by_value[value] += count;
  }
}

/// Adds what a whole segment's counts say of the fields that they suffice for.
void EventSearch::Counting::add_known(const Part& part) {
  const auto& segment = *part.segment;
  const auto& single = search_->single_;
  std::vector<std::uint8_t> fitting;
  for (unsigned value = 0; single && value < 256; ++value)
    if (single->fits[value] && segment.count(single->field, static_cast<std::uint8_t>(value)) > 0)
      fitting.push_back(static_cast<std::uint8_t>(value));
  for (auto& field : fields_) {
    if (field.attribute->many) {
      if (!single) add_numbers(field, part, segment.counts(*field.attribute->many), false);
      continue;
    }
    for (unsigned value = 0; value < 256; ++value) {
      const auto byte = static_cast<std::uint8_t>(value);
      if (segment.count(*field.attribute->few, byte) == 0) continue;
      if (!single) field.few[value] += segment.count(*field.attribute->few, byte);
      for (const auto fits : fitting)
        field.few[value] += segment.count(single->field, fits, *field.attribute->few, byte);
    }
  }
}

void EventSearch::Counting::walk_few(Field& field, const Part& part, bool others) {
  const auto column = part.segment->column(*field.attribute->few);
  std::array<std::uint32_t, 256> counts{};
  for (const auto i : places_) ++counts[column[i]];
  for (unsigned value = 0; value < 256; ++value) {
    const auto byte = static_cast<std::uint8_t>(value);
    field.few[value] += others ? part.segment->count(*field.attribute->few, byte) - counts[value] : counts[value];
  }
}

void EventSearch::Counting::walk_many(Field& field, const Part& part, bool others) {
  const auto many = *field.attribute->many;
  const auto column = part.segment->column(many);
  const auto values = part.segment->values(many);
  if (!others && places_.size() < values.size()) {  // a look at each value would cost more than the events
    const auto& numbers = (*part.numbers)[static_cast<std::size_t>(many)];
    if (projections::is_numbered(many)) {
      auto* counts = counters(field);
      for (const auto i : places_) ++counts[numbers[column[i]]];
    } else {
      for (const auto i : places_) ++field.by_value[values[column[i]]];
    }
    return;
  }
  std::vector<std::uint32_t> counts(values.size());
  if (others) counts = part.segment->counts(*field.attribute->many);
  const std::uint32_t step = others ? ~0u : 1;
  for (const auto i : places_) counts[column[i]] += step;
  add_numbers(field, part, counts, true);
}

/// One for each value that is known so far. A plain pointer, so that nothing is read again in the loops that count:
/// most of their time goes into reaching counters that are in no near cache.
std::uint32_t* EventSearch::Counting::counters(Field& field) const {
  const auto values = search_->reading_.value_count(*field.attribute->many);
  if (field.by_number.size() < values) field.by_number.resize(values);
  return field.by_number.data();
}

/// Adds counts by the segment's own numbers.
void EventSearch::Counting::add_numbers(Field& field, const Part& part, const std::vector<std::uint32_t>& counts,
                                        bool sparse) {
  const auto many = *field.attribute->many;
  if (!projections::is_numbered(many)) {
    const auto values = part.segment->values(many);
    for (std::size_t n = 0; n < counts.size(); ++n)
      if (counts[n] > 0) field.by_value[values[n]] += counts[n];
    return;
  }
  const auto& numbers = (*part.numbers)[static_cast<std::size_t>(many)];
  auto* sums = counters(field);
  for (std::size_t n = 0; n < counts.size(); ++n) {
    if (sparse && counts[n] == 0) continue;
    sums[numbers[n]] += counts[n];
  }
}

EventSearch::Counts EventSearch::Counting::take() {
  Counts counts{.total = total_, .fields = {}};
  for (auto& field : fields_) {
    FieldCounts out{.attribute = field.attribute, .few = field.few, .many = {}};
    if (field.attribute->many && projections::is_numbered(*field.attribute->many))
      out.many = search_->reading_.values(*field.attribute->many, field.by_number);
    else
      out.many.assign(field.by_value.begin(), field.by_value.end());
    counts.fields.push_back(std::move(out));
  }
  return counts;
}

}  // namespace countersign::queries
