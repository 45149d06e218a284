#pragma once
// Filters over events in SCIM's grammar (RFC 7644, 3.4.2.2): attribute operators eq ne co sw ew gt ge lt le pr, and,
// or, not, parentheses. Texts compare without regard to ASCII case.
//
// Attributes: id, type, sub_type, action, severity, sequence, time, outcome (= outcome.result), outcome.reason, actor,
// subject, target (= their .id), actor.type, subject.type, target.type, session_id, correlation_id. All of them stand
// in the event's clear part: no seal is opened. A whole correlation_id (eq, ne) may be the request id that a proxy
// gave. Limits: 4,096 characters, 100 comparisons, 32 levels.

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "domain/event.h"

namespace countersign::queries {

struct FilterError {
  std::size_t position = 0;  ///< in characters from the filter's beginning
  std::string detail;
};

class EventFilter {
 public:
  struct Node;
  /// Matches everything.
  EventFilter() = default;
  static std::variant<EventFilter, FilterError> parse(std::string_view text);
  bool matches(const domain::EventView& event) const;
  bool matches_all() const { return !root_; }

 private:
  explicit EventFilter(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

}  // namespace countersign::queries
