#include "tools/countersign/sse_reader.h"

namespace countersign::cli {

void SseReader::feed(std::string_view piece) {
  for (const char c : piece) {
    if (c == '\n')
      end_line();
    else
      line_ += c;
  }
}

void SseReader::end_line() {
  std::string_view line = line_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) {
    if (!id_.empty()) last_id_ = id_;
    if (!data_.empty()) visit_(data_);
    data_.clear();
  } else if (const auto colon = line.find(':'); colon != 0) {  // a line that begins with a colon is a comment
    const auto field = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "id")
      id_ = value;
    else if (field == "data")
      data_.append(data_.empty() ? "" : "\n").append(value);
  }
  line_.clear();
}

}  // namespace countersign::cli
