#include "tools/countersign/api.h"

#include <openssl/rand.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdio>
#include <thread>

#include "tools/countersign/text.h"

namespace countersign::cli {
namespace {

namespace json = boost::json;
constexpr int most_attempts = 5;

std::string text_field(const json::object& problem, std::string_view name) {
  const auto* value = problem.if_contains(name);
  return value && value->is_string() ? escaped(value->get_string()) : "";
}

std::string describe(unsigned status, std::string_view body) {
  boost::system::error_code error;
  const auto parsed = json::parse(body, error);
  const auto* problem = error ? nullptr : parsed.if_object();
  if (!problem) return "The server answered " + std::to_string(status) + " without saying why.";
  std::string text = text_field(*problem, "title");
  if (const auto detail = text_field(*problem, "detail"); !detail.empty()) text += ": " + detail;
  if (const auto hint = text_field(*problem, "hint"); !hint.empty()) text += "\n  hint: " + hint;
  if (const auto* errors = problem->if_contains("errors"); errors && errors->is_array())
    for (const auto& each : errors->get_array())
      if (const auto* field = each.if_object())
        text += "\n  " + text_field(*field, "pointer") + ": " + text_field(*field, "detail");
  if (const auto code = text_field(*problem, "code"); !code.empty()) text += "\n  code: " + code;
  if (const auto reference = text_field(*problem, "reference"); !reference.empty())
    text += "\n  reference: " + reference;
  return text;
}

json::object parse_object(const HttpAnswer& answer) {
  if (answer.status >= 300) throw Refused(answer.status, answer.body);
  if (answer.body.empty()) return {};
  boost::system::error_code error;
  const auto parsed = json::parse(answer.body, error);
  if (error || !parsed.is_object()) throw NoAnswer("What answered is not a Countersign server: JSON was expected.");
  return parsed.get_object();
}

std::string random_uuid() {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) throw std::runtime_error("The system gives no random numbers.");
  std::string out;
  for (int i = 0; i < 16; ++i) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", bytes[i]);
    out += two;
    if (i == 3 || i == 5 || i == 7 || i == 9) out += '-';
  }
  return out;
}

void percent_encode(std::string& out, std::string_view text) {
  for (const unsigned char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02X", c);
    plain ? void(out += static_cast<char>(c)) : void(out += escape);
  }
}

std::chrono::seconds retry_after(const HttpAnswer& answer) {
  const auto it = answer.headers.find("retry-after");
  int seconds = 1;
  if (it != answer.headers.end()) std::from_chars(it->second.data(), it->second.data() + it->second.size(), seconds);
  return std::chrono::seconds(std::clamp(seconds, 1, 10));
}

}  // namespace

Refused::Refused(unsigned status, std::string_view body) : std::runtime_error(describe(status, body)), status_(status) {
  boost::system::error_code error;
  const auto parsed = json::parse(body, error);
  if (!error && parsed.is_object()) code_ = text_field(parsed.get_object(), "code");
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  percent_encode(out, text);
  return out;
}

std::string with_query(std::string_view path, const Parameters& parameters) {
  std::string target(path);
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    target.append(1, separator).append(name).append(1, '=');
    percent_encode(target, value);
    separator = '&';
  }
  return target;
}

HttpRequest Api::request(std::string_view verb, std::string target) const {
  HttpRequest request{.verb = std::string(verb), .target = std::move(target)};
  request.headers["Accept"] = "application/json";
  if (!key_.empty()) request.headers["Authorization"] = "Bearer " + key_;
  return request;
}

HttpAnswer Api::repeat(const HttpRequest& request) {
  for (int attempt = 1;; ++attempt) {
    auto wait = std::chrono::seconds(1);
    try {
      auto answer = http_.send(request);
      if (answer.status != 503 || attempt == most_attempts) return answer;
      wait = retry_after(answer);
    } catch (const NoAnswer&) {
      if (attempt == most_attempts) throw;
    }
    std::this_thread::sleep_for(wait);
  }
}

json::object Api::get(std::string_view path, const Parameters& parameters) {
  return parse_object(http_.send(request("GET", with_query(path, parameters))));
}

json::object Api::post(std::string_view path, const json::value& body) {
  auto asked = request("POST", std::string(path));
  asked.headers["Idempotency-Key"] = random_uuid();
  if (!body.is_null()) {
    asked.headers["Content-Type"] = "application/json";
    asked.body = json::serialize(body);
  }
  return parse_object(repeat(asked));
}

std::string Api::post_for_bytes(std::string_view path, const json::value& body) {
  auto asked = request("POST", std::string(path));
  asked.headers["Accept"] = "*/*";
  asked.headers["Content-Type"] = "application/json";
  asked.body = json::serialize(body);
  const auto answer = repeat(asked);
  if (answer.status >= 300) throw Refused(answer.status, answer.body);
  return answer.body;
}

json::object Api::post_file(std::string_view path, const Parameters& parameters, std::string_view media_type,
                            const std::filesystem::path& file, std::map<std::string, std::string> headers) {
  auto asked = request("POST", with_query(path, parameters));
  asked.headers.merge(std::move(headers));
  asked.headers["Idempotency-Key"] = random_uuid();
  asked.headers["Content-Type"] = media_type;
  asked.body_file = file;
  return parse_object(repeat(asked));
}

json::object Api::patch(std::string_view path, const json::value& body, std::string_view version) {
  auto asked = request("PATCH", std::string(path));
  asked.headers["Content-Type"] = "application/json";
  if (!version.empty())
    asked.headers["If-Match"] = (version.starts_with('v') ? "\"" : "\"v") + std::string(version) + '"';
  asked.body = json::serialize(body);
  return parse_object(http_.send(asked));
}

json::object Api::remove(std::string_view path, const json::value& body) {
  auto asked = request("DELETE", std::string(path));
  if (!body.is_null()) {
    asked.headers["Content-Type"] = "application/json";
    asked.body = json::serialize(body);
  }
  return parse_object(http_.send(asked));
}

json::array Api::list(std::string_view path, Parameters parameters, std::size_t most, bool* more) {
  json::array items;
  parameters.emplace_back("limit", std::to_string(most == 0 ? 1000 : std::min<std::size_t>(most, 1000)));
  parameters.emplace_back("after", "");
  for (;;) {
    const auto page = get(path, parameters);
    for (const auto& item : page.at("items").as_array()) {
      if (most != 0 && items.size() == most) {
        if (more) *more = true;
        return items;
      }
      items.push_back(item);
    }
    const auto* next = page.if_contains("next");
    const bool ended = !next || !next->is_string();
    if (ended || (most != 0 && items.size() >= most)) {
      if (more) *more = !ended;
      return items;
    }
    parameters.back().second = std::string(next->get_string());
  }
}

void Api::stream(std::string_view path, const Parameters& parameters, std::string_view accept,
                 const HttpClient::Sink& sink, std::string_view last_event_id) {
  auto asked = request("GET", with_query(path, parameters));
  asked.headers["Accept"] = accept;
  if (!last_event_id.empty()) asked.headers["Last-Event-ID"] = last_event_id;
  const auto answer = http_.send(asked, sink);
  if (answer.status >= 300) throw Refused(answer.status, answer.body);
}

}  // namespace countersign::cli
