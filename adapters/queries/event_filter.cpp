#include "adapters/queries/event_filter.h"

#include <algorithm>

#include "adapters/queries/event_filter_parser.h"

namespace countersign::queries {
namespace {

using Node = EventFilter::Node;
using NodePtr = std::shared_ptr<const Node>;

template <class T>
bool ordered(Operator op, const T& left, const T& right) {
  switch (op) {
    case Operator::eq: return left == right;
    case Operator::ne: return left != right;
    case Operator::gt: return left > right;
    case Operator::ge: return left >= right;
    case Operator::lt: return left < right;
    case Operator::le: return left <= right;
    default: return false;
  }
}

bool matches(const Node& node, const domain::EventView& event) {
  const auto holds = [&](const NodePtr& child) { return matches(*child, event); };
  switch (node.kind) {
    case Node::Kind::comparison:
      if (node.op == Operator::one_of)
        return node.parties->contains(
            projections::indexed(event).many[static_cast<std::size_t>(*node.attribute->many)]);
      return compare(node.op, node.attribute->of(event), node.value);
    case Node::Kind::all_of: return std::ranges::all_of(node.children, holds);
    case Node::Kind::any_of: return std::ranges::any_of(node.children, holds);
    case Node::Kind::not_of: return !holds(node.children.front());
  }
  return false;
}

}  // namespace

bool compare(Operator op, const AttributeValue& found, const AttributeValue& wanted) {
  if (const auto* number = std::get_if<std::int64_t>(&found))
    return op == Operator::pr || ordered(op, *number, std::get<std::int64_t>(wanted));
  const auto text = lower_ascii(std::get<std::string>(found));
  if (op == Operator::pr) return !text.empty();
  const auto& other = std::get<std::string>(wanted);
  switch (op) {
    case Operator::co: return text.find(other) != std::string::npos;
    case Operator::sw: return text.starts_with(other);
    case Operator::ew: return text.ends_with(other);
    default: return ordered(op, text, other);
  }
}

void find_fitting(Node& node) {
  if (!node.attribute->few) return;
  for (unsigned value = 0; value < node.fits.size(); ++value)
    node.fits[value] = compare(node.op, node.attribute->few_text(static_cast<std::uint8_t>(value)), node.value);
}

std::variant<EventFilter, FilterError> EventFilter::parse(std::string_view text, const AddressDigest& digest_of) {
  if (text.find_first_not_of(' ') == std::string_view::npos) return EventFilter{};
  FilterParser parser(text, digest_of);
  auto root = parser.parse();
  if (!root) return parser.error().value_or(FilterError{0, "not a filter"});
  return EventFilter(std::move(root));
}

bool EventFilter::matches(const domain::EventView& event) const {
  return !root_ || queries::matches(*root_, event);
}

}  // namespace countersign::queries
