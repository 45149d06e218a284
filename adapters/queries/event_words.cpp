// Words as a filter: what is meant by them, spelled as comparisons, so that the index answers them as it answers any
// filter. See EventFilter::with_text.

#include "adapters/queries/correlation.h"
#include "adapters/queries/event_filter_node.h"

namespace countersign::queries {
namespace {

using Node = EventFilter::Node;
using NodePtr = std::shared_ptr<const Node>;

NodePtr comparison(std::string_view attribute, Operator op, std::string value) {
  auto node = std::make_shared<Node>();
  node->attribute = find_attribute(attribute);
  node->op = op;
  node->value = std::move(value);
  find_fitting(*node);
  return node;
}

NodePtr one_of(std::string_view attribute, std::shared_ptr<const PartySet> parties) {
  auto node = std::make_shared<Node>();
  node->attribute = find_attribute(attribute);
  node->op = Operator::one_of;
  node->parties = std::move(parties);
  return node;
}

NodePtr joined(Node::Kind kind, std::vector<NodePtr> children) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->children = std::move(children);
  return node;
}

}  // namespace

EventFilter EventFilter::with_text(std::string_view typed, std::shared_ptr<const PartySet> named,
                                   const AddressDigest& digest_of) const {
  const auto text = lower_ascii(typed);
  std::vector<NodePtr> any;
  for (const auto* attribute : {"type", "sub_type", "action", "outcome.reason"})
    any.push_back(comparison(attribute, Operator::co, text));
  for (const auto* attribute : {"actor", "subject", "target", "session_id"})
    if (find_attribute(attribute)->many_value(text)) any.push_back(comparison(attribute, Operator::eq, text));
  // A proxy's own request id keeps its case; 32 hexadecimal digits have none.
  for (const auto& id : {std::string(typed), text})
    any.push_back(comparison("correlation_id", Operator::eq, correlation_text(correlation_uuid(id))));
  if (const auto digest = digest_of ? digest_of(text) : std::nullopt)
    any.push_back(comparison("client.ip", Operator::eq, correlation_text(domain::Uuid{*digest})));
  if (!named->empty())
    for (const auto* attribute : {"actor", "subject", "target"}) any.push_back(one_of(attribute, named));
  auto also = joined(Node::Kind::any_of, std::move(any));
  return EventFilter(root_ ? joined(Node::Kind::all_of, {root_, std::move(also)}) : std::move(also));
}

}  // namespace countersign::queries
