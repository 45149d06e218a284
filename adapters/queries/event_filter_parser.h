#pragma once
// Reads a filter (RFC 7644, 3.4.2.2). Internal to EventFilter.

#include <optional>

#include "adapters/queries/event_filter_node.h"

namespace countersign::queries {

class FilterParser {
  using Node = EventFilter::Node;
  using NodePtr = std::shared_ptr<const Node>;

 public:
  FilterParser(std::string_view text, const AddressDigest& digest_of) : text_(text), digest_of_(digest_of) {}

  /// Null: error() says why.
  NodePtr parse();
  const std::optional<FilterError>& error() const { return error_; }

 private:
  NodePtr fail(std::string detail);
  void blanks();
  bool symbol(char c);
  std::string_view peek_word();
  bool word(std::string_view wanted);
  NodePtr joined(Node::Kind kind, std::string_view keyword, NodePtr (FilterParser::*part)());
  NodePtr disjunction();
  NodePtr conjunction() { return joined(Node::Kind::all_of, "and", &FilterParser::factor); }
  NodePtr factor();
  NodePtr comparison();
  static NodePtr none_of(NodePtr inner);
  static NodePtr present(const Attribute& attribute);
  std::optional<Operator> operator_();
  std::optional<AttributeValue> value(const Attribute& attribute, bool whole);
  std::optional<std::int64_t> number(bool is_time);
  std::optional<std::string> text();

  std::string_view text_;
  const AddressDigest& digest_of_;
  std::size_t at_ = 0;
  int depth_ = 0, comparisons_ = 0;
  std::optional<FilterError> error_;
};

}  // namespace countersign::queries
