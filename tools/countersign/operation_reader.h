#pragma once
// Reads an operation from pieces of its answer. The reports of its rows, of which there may be a million, are given one
// after the other; only what stands beside them is kept.
//
// Limits: 1 MiB a row, and for all the rest. Errors: NoAnswer for what is no operation.

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <string_view>

namespace countersign::cli {

class OperationReader {
 public:
  /// Called once, before the first row, or at the end when there is none: all but the rows that stands before them.
  /// False: no rows are wanted.
  using Begin = std::function<bool(const boost::json::object& operation)>;
  using Row = std::function<void(const boost::json::object& row)>;
  OperationReader(Begin begin, Row row) : begin_(std::move(begin)), row_(std::move(row)) {}

  /// False: nothing more is wanted.
  bool feed(std::string_view piece);
  /// The answer has ended.
  void finish();
  /// All but the rows, as far as it was read.
  const boost::json::object& operation() const { return operation_; }

 private:
  bool take(char c);
  void keep(char c);
  bool end_row();
  bool begin(const std::string& text);

  const Begin begin_;
  const Row row_;
  std::string text_, row_text_;
  boost::json::object operation_;
  int depth_ = 0;
  bool in_string_ = false, escaped_ = false, in_rows_ = false, begun_ = false, left_ = false;
};

}  // namespace countersign::cli
