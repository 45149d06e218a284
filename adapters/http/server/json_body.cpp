#include "adapters/http/server/json_body.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <string>
#include <vector>

namespace countersign::http {
namespace json = boost::json;
namespace {

// What the parser calls: builds the value, and remembers the names of the objects that are open, because Boost.JSON
// itself lets the last of two equal names win.
class Builder {
 public:
  using error_code = boost::system::error_code;
  static constexpr std::size_t max_object_size = 100'000, max_array_size = 1'000'000;
  static constexpr std::size_t max_key_size = 1 << 20, max_string_size = 1 << 24;

  json::value_stack stack;
  bool repeated = false;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t size, error_code&) {
    stack.push_array(size);
    return true;
  }
  bool on_object_begin(error_code&) {
    starts_.push_back(names_.size());
    return true;
  }
  bool on_object_end(std::size_t size, error_code& error) {
    const auto first = names_.begin() + static_cast<std::ptrdiff_t>(starts_.back());
    std::sort(first, names_.end());
    repeated = std::adjacent_find(first, names_.end()) != names_.end();
    names_.erase(first, names_.end());
    starts_.pop_back();
    if (repeated) {
      error = boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
      return false;
    }
    stack.push_object(size);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    name_.append(part.data(), part.size());
    stack.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code&) {
    name_.append(part.data(), part.size());
    names_.push_back(std::move(name_));
    name_.clear();
    stack.push_key(part);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, error_code&) {
    stack.push_string(part);
    return true;
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, error_code&) {
    stack.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, error_code&) {
    stack.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view, error_code&) {
    stack.push_double(number);
    return true;
  }
  bool on_bool(bool value, error_code&) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  std::string name_;
  std::vector<std::string> names_;
  std::vector<std::size_t> starts_;
};

Problem malformed(std::string detail) {
  Problem problem;
  problem.status = 400;
  problem.code = "malformed-json";
  problem.detail = std::move(detail);
  return problem;
}

}  // namespace

JsonBody::JsonBody(std::string_view text) : value_(json::storage_ptr(&memory_)) {
  json::parse_options options;
  options.max_depth = max_json_depth;
  json::basic_parser<Builder> parser(options);
  parser.handler().stack.reset(json::storage_ptr(&memory_));
  boost::system::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::error::extra_data;
  if (!error) {
    value_ = parser.handler().stack.release();
  } else if (parser.handler().repeated) {
    problem_ = malformed("A name stands twice in an object.");
  } else if (error == json::error::too_deep) {
    problem_ = malformed("The JSON is nested deeper than 32 levels.");
  } else {
    problem_ = malformed("The body is not JSON: " + error.message() + " near byte " + std::to_string(used) + ".");
  }
}

}  // namespace countersign::http
