#include <algorithm>
#include <boost/json.hpp>

#include "adapters/directory/directory_reader.h"
#include "adapters/directory/person_checks.h"
#include "adapters/directory/person_limits.h"
#include "adapters/directory/text_checks.h"

namespace countersign::directory {
namespace {

namespace json = boost::json;

constexpr std::size_t most_ignored_named = 100, most_depth = 4;

class NdjsonReader final : public DirectoryReader {
 public:
  void feed(std::string_view bytes) override {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
    buffer_.append(bytes);
  }
  void finish() override { finished_ = true; }
  std::optional<RecordError> failure() const override { return std::nullopt; }
  const std::vector<std::string>& ignored() const override { return ignored_; }

  std::optional<DirectoryRecord> next() override {
    for (;;) {
      std::size_t end = buffer_.find('\n', scanned_);
      if (end == buffer_.npos) {
        end = buffer_.size();
        if (!finished_) {
          forget_when_too_long();
          return std::nullopt;
        }
        if (begin_ >= end && !too_long_) return std::nullopt;
      }
      const std::uint64_t line = ++line_;
      const std::string_view text = trim(std::string_view(buffer_).substr(begin_, end - begin_));
      const bool too_long = std::exchange(too_long_, false) || text.size() > max_record_bytes;
      begin_ = scanned_ = std::min(end + 1, buffer_.size());
      if (too_long) return DirectoryRecord{line, RecordError{"record-too-long", "the record is longer than 64 KiB"}};
      if (!text.empty()) return DirectoryRecord{line, read_object(text)};
    }
  }

 private:
  // Keeps memory bounded while a line that is too long goes by.
  void forget_when_too_long() {
    if (buffer_.size() - begin_ > max_record_bytes) {
      too_long_ = true;
      buffer_.resize(begin_);
    }
    scanned_ = buffer_.size();
  }

  std::variant<Person, RecordError> read_object(std::string_view text) {
    if (!is_utf8(text)) return RecordError{"not-utf-8", "the record holds bytes that are not UTF-8"};
    json::parse_options options;
    options.max_depth = most_depth;
    boost::system::error_code error;
    const json::value value = json::parse(text, error, {}, options);
    if (error || !value.is_object()) return RecordError{"json-malformed", "the line is not a JSON object"};
    RawPerson raw;
    for (const auto& [name, content] : value.get_object()) {
      const auto field = field_named(name);
      if (field == nullptr) {
        ignore(name);
      } else if (const auto* const words = content.if_string()) {
        raw.*field = std::string(*words);
      } else if (!content.is_null()) {
        return RecordError{"json-type", "a field is not a string"};
      }
    }
    return check_person(std::move(raw));
  }

  void ignore(std::string_view name) {
    if (ignored_.size() < most_ignored_named && std::find(ignored_.begin(), ignored_.end(), name) == ignored_.end()) {
      ignored_.emplace_back(name.substr(0, max_name_characters));
    }
  }

  std::string buffer_;
  std::size_t begin_ = 0, scanned_ = 0;
  bool finished_ = false, too_long_ = false;
  std::uint64_t line_ = 0;
  std::vector<std::string> ignored_;
};

}  // namespace

std::unique_ptr<DirectoryReader> make_ndjson_reader() {
  return std::make_unique<NdjsonReader>();
}

}  // namespace countersign::directory
