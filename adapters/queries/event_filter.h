#pragma once
// Filters over events in SCIM's grammar (RFC 7644, 3.4.2.2): attribute operators eq ne co sw ew gt ge lt le pr, and,
// or, not, parentheses. Texts compare without regard to ASCII case.
//
// Attributes: id, type, sub_type, action, severity, sequence, time, outcome (= outcome.result), outcome.reason, actor,
// subject, target (= their .id), actor.type, subject.type, target.type, session_id, correlation_id, client.ip,
// client.country. All of them stand in the event's clear part: no seal is opened. A whole correlation_id (eq, ne) may
// be the request id that a proxy gave; client.ip is compared by its keyed digest, so eq, ne and pr only. Limits: 4,096
// characters, 100 comparisons, 32 levels.

#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "projections/index/segment.h"

namespace countersign::queries {

struct FilterError {
  std::size_t position = 0;  ///< in characters from the filter's beginning
  std::string detail;
};

/// The keyed digest that stands in events for an address; nothing when the text is no address.
using AddressDigest = std::function<std::optional<std::array<std::uint8_t, 16>>(std::string_view text)>;

using PartySet = boost::unordered_flat_set<projections::IndexValue, projections::IndexValueHash>;

class EventFilter {
 public:
  struct Node;
  /// Matches everything.
  EventFilter() = default;
  static std::variant<EventFilter, FilterError> parse(std::string_view text, const AddressDigest& digest_of = {});
  /// This filter and also: `text` is, without regard to case, part of the event's type, sub type, action or reason; or
  /// the whole id of its actor, subject, target or session, or its correlation id or address; or one of `named` is its
  /// actor, subject or target.
  EventFilter with_text(std::string_view text, std::shared_ptr<const PartySet> named,
                        const AddressDigest& digest_of = {}) const;
  bool matches(const domain::EventView& event) const;
  bool matches_all() const { return !root_; }

  /// Whether evaluate() can answer it: all but comparisons of event ids.
  bool in_index() const;
  /// Sets the bits of the events that match.
  void evaluate(const projections::Segment& segment, projections::Bits& bits) const;
  /// A filter that is one comparison of a field with few values: which of them fit. For counting by pairs.
  struct Single {
    projections::Few field;
    std::array<bool, 256> fits{};
  };
  std::optional<Single> single() const;

 private:
  explicit EventFilter(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

}  // namespace countersign::queries
