#pragma once
// A filter as it was read: comparisons, and what joins them. Internal to EventFilter.

#include <memory>
#include <vector>

#include "adapters/queries/event_attributes.h"
#include "adapters/queries/event_filter.h"

namespace countersign::queries {

enum class Operator { eq, ne, co, sw, ew, gt, ge, lt, le, pr };

struct EventFilter::Node {
  enum class Kind { comparison, all_of, any_of, not_of } kind = Kind::comparison;
  const Attribute* attribute = nullptr;
  Operator op = Operator::eq;
  AttributeValue value;  ///< a text is in lower case
  /// Of a comparison of a field with few values: which of them fit.
  std::array<bool, 256> fits{};
  std::vector<std::shared_ptr<const Node>> children;
};

/// Whether a value that was found fits the comparison.
bool compare(Operator op, const AttributeValue& found, const AttributeValue& wanted);

}  // namespace countersign::queries
