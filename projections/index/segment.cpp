#include "projections/index/segment.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "projections/row_codec.h"

namespace countersign::projections {
namespace {

constexpr std::size_t at(Few field) {
  return static_cast<std::size_t>(field);
}
constexpr std::size_t at(Many field) {
  return static_cast<std::size_t>(field);
}

void require(bool holds) {
  if (!holds) throw std::runtime_error("event index: a segment can't be read");
}

template <class T>
std::string_view bytes_of(const std::vector<T>& items) {
  return {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T)};
}

template <class T>
std::vector<T> items_of(std::string_view bytes, std::size_t count) {
  require(bytes.size() == count * sizeof(T));
  std::vector<T> items(count);
  std::memcpy(items.data(), bytes.data(), bytes.size());
  return items;
}

}  // namespace

/// Counts of pairs of bytes, for the values that occur.
struct Segment::Cube {
  std::array<std::array<std::uint8_t, 256>, few_count> place{};  ///< of a value among those of its field
  std::array<std::size_t, few_count> values{};
  std::array<std::array<std::vector<std::uint32_t>, few_count>, few_count> pairs;
};

void Segment::append(const IndexedEvent& event) {
  times_.push_back(event.time);
  for (std::size_t f = 0; f < few_count; ++f) {
    few_[f].bytes.push_back(event.few[f]);
    ++few_[f].counts[event.few[f]];
  }
  for (std::size_t f = 0; f < many_count; ++f) {
    auto& column = many_[f];
    const auto [it, fresh] =
        column.by_value.try_emplace(event.many[f], static_cast<std::uint16_t>(column.values.size()));
    if (fresh) column.values.push_back(event.many[f]);
    column.numbers.push_back(it->second);
  }
}

IndexedEvent Segment::event(std::size_t i) const {
  IndexedEvent event;
  event.time = times_[i];
  for (std::size_t f = 0; f < few_count; ++f) event.few[f] = few_[f].bytes[i];
  for (std::size_t f = 0; f < many_count; ++f) event.many[f] = many_[f].values[many_[f].numbers[i]];
  return event;
}

void Segment::freeze() {
  frozen_ = true;
  for (auto& column : many_) {
    column.by_value = {};
    std::vector<std::uint16_t> order(column.values.size()), place(column.values.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint16_t>(i);
    std::ranges::sort(order, [&](auto a, auto b) { return column.values[a] < column.values[b]; });
    std::vector<IndexValue> sorted;
    sorted.reserve(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      place[order[i]] = static_cast<std::uint16_t>(i);
      sorted.push_back(column.values[order[i]]);
    }
    column.values = std::move(sorted);
    for (auto& number : column.numbers) number = place[number];
  }
}

std::string Segment::encode() const {
  RowWriter out;
  out.number(event_index_version).number(first_sequence_).number(size());
  domain::UnixMs before = 0;
  for (const auto time : times_) out.time(time - std::exchange(before, time));  // times never go back
  for (const auto& column : few_) out.text(bytes_of(column.bytes));
  for (const auto& column : many_) out.text(bytes_of(column.values)).text(bytes_of(column.numbers));
  return out.take();
}

std::shared_ptr<Segment> Segment::decode(std::string_view bytes, std::size_t capacity) {
  RowReader in(bytes);
  require(in.number() == event_index_version);
  const auto segment = std::make_shared<Segment>(in.number(), capacity);
  const auto size = in.number();
  require(size <= capacity && capacity <= most_events);
  domain::UnixMs time = 0;
  for (std::size_t i = 0; i < size; ++i) segment->times_.push_back(time += in.time());
  for (auto& column : segment->few_) {
    column.bytes = items_of<std::uint8_t>(in.text(), size);
    for (const auto byte : column.bytes) ++column.counts[byte];
  }
  for (auto& column : segment->many_) {
    const auto values = in.text();
    column.values = items_of<IndexValue>(values, values.size() / sizeof(IndexValue));
    column.numbers = items_of<std::uint16_t>(in.text(), size);
    for (const auto number : column.numbers) require(number < column.values.size());
  }
  require(in.at_end());
  segment->frozen_ = true;
  return segment;
}

std::size_t Segment::first_at(domain::UnixMs time) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(times_, time) - times_.begin());
}

std::optional<std::uint16_t> Segment::find(Many field, const IndexValue& value) const {
  const auto& column = many_[at(field)];
  if (!frozen_) {
    const auto it = column.by_value.find(value);
    return it == column.by_value.end() ? std::nullopt : std::optional(it->second);
  }
  const auto it = std::ranges::lower_bound(column.values, value);
  if (it == column.values.end() || *it != value) return std::nullopt;
  return static_cast<std::uint16_t>(it - column.values.begin());
}

namespace {

/// Sets the bits of those events for which the column has `wanted`. `sixteen(at)`: which of the next sixteen have it.
template <class Number, class Sixteen>
void match_column(std::span<const Number> column, Number wanted, Bits& bits, Sixteen sixteen) {
  std::size_t i = 0;
  for (; i + 64 <= column.size(); i += 64) {
    std::uint64_t word = 0;
    for (unsigned part = 0; part < 64; part += 16)
      word |= static_cast<std::uint64_t>(static_cast<unsigned>(sixteen(i + part))) << part;
    bits.add_word(i / 64, word);
  }
  for (; i < column.size(); ++i)
    if (column[i] == wanted) bits.set(i);
}

}  // namespace

void Segment::match(Few field, std::uint8_t value, Bits& bits) const {
  const auto column = this->column(field);
  const auto wanted = _mm_set1_epi8(static_cast<char>(value));
  match_column(column, value, bits, [&](std::size_t at) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(column.data() + at));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted));
  });
}

void Segment::match(Many field, std::uint16_t number, Bits& bits) const {
  const auto column = this->column(field);
  const auto wanted = _mm_set1_epi16(static_cast<short>(number));
  match_column(column, number, bits, [&](std::size_t at) {
    const auto* place = reinterpret_cast<const __m128i*>(column.data() + at);
    const auto low = _mm_cmpeq_epi16(_mm_loadu_si128(place), wanted);
    const auto high = _mm_cmpeq_epi16(_mm_loadu_si128(place + 1), wanted);
    return _mm_movemask_epi8(_mm_packs_epi16(low, high));
  });
}

const Segment::Cube& Segment::cube() const {
  std::call_once(cube_made_, [this] {
    auto cube = std::make_shared<Cube>();
    for (std::size_t f = 0; f < few_count; ++f)
      for (std::size_t value = 0; value < 256; ++value)
        if (few_[f].counts[value] > 0) cube->place[f][value] = static_cast<std::uint8_t>(cube->values[f]++);
    for (std::size_t a = 0; a < few_count; ++a)
      for (std::size_t b = 0; b < few_count; ++b) {
        auto& counts = cube->pairs[a][b];
        counts.resize(cube->values[a] * cube->values[b]);
        for (std::size_t i = 0; i < size(); ++i)
          ++counts[cube->place[a][few_[a].bytes[i]] * cube->values[b] + cube->place[b][few_[b].bytes[i]]];
      }
    cube_ = std::move(cube);
  });
  return *cube_;
}

std::uint32_t Segment::count(Few first, std::uint8_t first_value, Few second, std::uint8_t second_value) const {
  if (count(first, first_value) == 0 || count(second, second_value) == 0) return 0;
  const auto& all = cube();
  const auto a = at(first), b = at(second);
  return all.pairs[a][b][all.place[a][first_value] * all.values[b] + all.place[b][second_value]];
}

const std::vector<std::uint32_t>& Segment::counts(Many field) const {
  std::call_once(counts_made_, [this] {
    for (std::size_t f = 0; f < many_count; ++f) {
      counts_[f].resize(many_[f].values.size());
      for (const auto number : many_[f].numbers) ++counts_[f][number];
    }
  });
  return counts_[at(field)];
}

void Segment::count_ahead() const {
  cube();
  counts(Many::actor);
}

std::size_t Segment::memory_bytes() const {
  std::size_t bytes = sizeof *this + times_.size() * (sizeof(domain::UnixMs) + few_count + 2 * many_count);
  for (const auto& column : many_) bytes += column.values.size() * (sizeof(IndexValue) + sizeof(std::uint32_t));
  return bytes;
}

}  // namespace countersign::projections
