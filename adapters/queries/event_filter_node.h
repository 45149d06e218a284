#pragma once
// A filter as it was read: comparisons, and what joins them. Internal to EventFilter.

#include <memory>
#include <vector>

#include "adapters/queries/event_attributes.h"
#include "adapters/queries/event_filter.h"

namespace countersign::queries {

/// one_of stands in no filter's text: words are made of it.
enum class Operator { eq, ne, co, sw, ew, gt, ge, lt, le, pr, one_of };

struct EventFilter::Node {
  enum class Kind { comparison, all_of, any_of, not_of } kind = Kind::comparison;
  const Attribute* attribute = nullptr;
  Operator op = Operator::eq;
  AttributeValue value;  ///< a text is in lower case
  /// Of a comparison of a field with few values: which of them fit.
  std::array<bool, 256> fits{};
  std::shared_ptr<const PartySet> parties;  ///< of one_of
  std::vector<std::shared_ptr<const Node>> children;
};

/// Compares each value of a field with few of them once, instead of once for each segment of the index.
void find_fitting(EventFilter::Node& node);
/// Whether a value that was found fits the comparison.
bool compare(Operator op, const AttributeValue& found, const AttributeValue& wanted);

}  // namespace countersign::queries
