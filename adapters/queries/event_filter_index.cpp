// Filters over segments of the index: a bit an event, from columns, without looking at events. See event_filter.h.

#include <algorithm>

#include "adapters/queries/event_filter_node.h"

namespace countersign::queries {
namespace {

using projections::Bits;
using projections::Segment;
using Node = EventFilter::Node;

bool in_index(const Node& node) {
  if (node.kind == Node::Kind::comparison) return node.attribute->in_index();
  return std::ranges::all_of(node.children, [](const auto& child) { return in_index(*child); });
}

/// Sequences and times only rise: the events that fit are a run of them, or all but one.
void evaluate_number(const Node& node, const Segment& segment, Bits& bits) {
  if (node.op == Operator::pr) return bits.set_range(0, segment.size());
  const auto wanted = std::get<std::int64_t>(node.value);
  const auto first_from = [&](std::int64_t number) -> std::size_t {
    if (node.attribute->form == Attribute::Form::time) return segment.first_at(number);
    const auto first = static_cast<std::int64_t>(segment.first_sequence());
    if (number <= first) return 0;
    return static_cast<std::size_t>(std::min(number - first, static_cast<std::int64_t>(segment.size())));
  };
  const auto begin = first_from(wanted);
  const auto end = wanted == std::numeric_limits<std::int64_t>::max() ? segment.size() : first_from(wanted + 1);
  switch (node.op) {
    case Operator::eq: return bits.set_range(begin, end);
    case Operator::ne: bits.set_range(0, begin); return bits.set_range(end, segment.size());
    case Operator::gt: return bits.set_range(end, segment.size());
    case Operator::ge: return bits.set_range(begin, segment.size());
    case Operator::lt: return bits.set_range(0, begin);
    default: return bits.set_range(0, end);
  }
}

void evaluate_few(const Node& node, const Segment& segment, Bits& bits) {
  const auto field = *node.attribute->few;
  for (unsigned value = 0; value < 256; ++value) {
    const auto byte = static_cast<std::uint8_t>(value);
    const auto count = segment.count(field, byte);
    if (count == 0 || !node.fits[value]) continue;
    if (count == segment.size()) return bits.set_range(0, segment.size());
    segment.match(field, byte, bits);
  }
}

/// Each value of the segment is compared once, however many events have it.
void compare_values(const Node& node, const Segment& segment, Bits& bits) {
  const auto field = *node.attribute->many;
  const auto values = segment.values(field);
  std::vector<bool> fits(values.size());
  for (std::size_t n = 0; n < values.size(); ++n)
    fits[n] = compare(node.op, node.attribute->many_text(values[n]), node.value);
  const auto column = segment.column(field);
  for (std::size_t i = 0; i < column.size(); ++i)
    if (fits[column[i]]) bits.set(i);
}

/// Looks for the fewer in the more: a few parties among the segment's values, or its values among many parties.
void evaluate_one_of(const Node& node, const Segment& segment, Bits& bits) {
  const auto field = *node.attribute->many;
  const auto values = segment.values(field);
  std::vector<bool> fits(values.size());
  std::vector<std::uint16_t> found;
  if (node.parties->size() < values.size() / 4) {
    for (const auto& party : *node.parties)
      if (const auto number = segment.find(field, party)) found.push_back(*number);
  } else {
    for (std::size_t n = 0; n < values.size(); ++n)
      if (node.parties->contains(values[n])) found.push_back(static_cast<std::uint16_t>(n));
  }
  if (found.empty()) return;
  if (found.size() == 1) return segment.match(field, found.front(), bits);
  for (const auto number : found) fits[number] = true;
  const auto column = segment.column(field);
  for (std::size_t i = 0; i < column.size(); ++i)
    if (fits[column[i]]) bits.set(i);
}

void evaluate_many(const Node& node, const Segment& segment, Bits& bits) {
  if (node.op == Operator::one_of) return evaluate_one_of(node, segment, bits);
  const auto field = *node.attribute->many;
  const bool negated = node.op == Operator::ne || node.op == Operator::pr;
  if (!negated && node.op != Operator::eq) return compare_values(node, segment, bits);
  const auto* text = std::get_if<std::string>(&node.value);
  const bool none = node.op == Operator::pr || text->empty();
  const auto value = none ? projections::IndexValue{} : node.attribute->many_value(*text);
  const auto number = value ? segment.find(field, *value) : std::nullopt;
  if (number) segment.match(field, *number, bits);
  if (negated) bits.flip(segment.size());
}

/// Sets bits of a set that is empty.
void evaluate(const Node& node, const Segment& segment, Bits& bits) {
  if (node.kind == Node::Kind::comparison) {
    if (node.attribute->is_numeric()) return evaluate_number(node, segment, bits);
    return node.attribute->few ? evaluate_few(node, segment, bits) : evaluate_many(node, segment, bits);
  }
  evaluate(*node.children.front(), segment, bits);
  if (node.kind == Node::Kind::not_of) return bits.flip(segment.size());
  const bool all = node.kind == Node::Kind::all_of;
  for (std::size_t i = 1; i < node.children.size() && (!all || bits.any()); ++i) {
    Bits others;
    evaluate(*node.children[i], segment, others);
    if (all)
      bits &= others;
    else
      bits |= others;
  }
}

}  // namespace

bool EventFilter::in_index() const {
  return !root_ || queries::in_index(*root_);
}

void EventFilter::evaluate(const Segment& segment, Bits& bits) const {
  bits.clear();
  if (!root_) return bits.set_range(0, segment.size());
  queries::evaluate(*root_, segment, bits);
}

std::optional<EventFilter::Single> EventFilter::single() const {
  if (!root_ || root_->kind != Node::Kind::comparison || !root_->attribute->few) return std::nullopt;
  return Single{*root_->attribute->few, root_->fits};
}

}  // namespace countersign::queries
