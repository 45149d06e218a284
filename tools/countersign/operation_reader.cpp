#include "tools/countersign/operation_reader.h"

#include <boost/json/parse.hpp>

#include "tools/countersign/wire.h"

namespace countersign::cli {
namespace {

namespace json = boost::json;
constexpr std::size_t most_bytes = 1 << 20;
constexpr int inside_operation = 1, inside_rows = 2;

json::object parse(const std::string& text) {
  boost::system::error_code error;
  const auto parsed = json::parse(text, error);
  if (error || !parsed.is_object()) throw NoAnswer("What answered is not a Countersign server: JSON was expected.");
  return parsed.get_object();
}

}  // namespace

bool OperationReader::feed(std::string_view piece) {
  for (const char c : piece)
    if (left_ || !take(c)) return false;
  return true;
}

void OperationReader::finish() {
  if (left_) return;
  if (!begun_) begin(text_);
  operation_ = parse(text_);  // with what stands behind the rows
  operation_.erase("rows");
}

bool OperationReader::take(char c) {
  if (in_string_) {
    in_string_ = escaped_ || c != '"';
    escaped_ = !escaped_ && c == '\\';
    keep(c);
    return true;
  }
  switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n': return true;
    case '"': in_string_ = true; break;
    case '{': ++depth_; break;
    case '[':
      if (++depth_ == inside_rows && text_.ends_with("\"rows\":")) {
        in_rows_ = true;
        text_.push_back(c);
        return true;
      }
      break;
    case '}':
    case ']':
      if (in_rows_ && depth_ == inside_rows) in_rows_ = false;
      keep(c);
      return --depth_ != inside_rows || !in_rows_ || end_row();
    default: break;
  }
  keep(c);
  return true;
}

void OperationReader::keep(char c) {
  if (in_rows_ && depth_ == inside_rows) return;  // what stands between two rows
  auto& text = in_rows_ ? row_text_ : text_;
  if (text.size() == most_bytes) throw NoAnswer("The answer is too large for an operation.");
  text.push_back(c);
}

bool OperationReader::end_row() {
  if (!begun_ && !begin(text_ + "]}")) return false;
  row_(parse(row_text_));
  row_text_.clear();
  return true;
}

bool OperationReader::begin(const std::string& text) {
  begun_ = true;
  operation_ = parse(text);
  operation_.erase("rows");
  left_ = !begin_(operation_);
  return !left_;
}

}  // namespace countersign::cli
