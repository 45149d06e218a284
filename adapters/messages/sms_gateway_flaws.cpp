// What of a gateway's description can be judged before anything is sent.

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

#include "adapters/directory/text_checks.h"
#include "adapters/messages/placeholders.h"
#include "adapters/messages/sms_shapes.h"
#include "adapters/push/carriers.h"

namespace countersign::messages {
namespace json = boost::json;
namespace {

constexpr std::size_t most_text = 256, most_secret = 1024, most_url = 2048, most_fields = 20, most_body = 16 * 1024;
constexpr std::array<std::string_view, 5> of_body{"to", "to_digits", "from", "text", "reference"};
constexpr std::array<std::string_view, 1> needed_of_report{"reference"};
constexpr std::array<std::string_view, 2> of_report{"reference", "secret"};

bool is_one_line(std::string_view text, std::size_t most) {
  return text.size() <= most && directory::is_utf8(text) && !directory::has_control_character(text);
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// RFC 9110, section 5.6.2.
bool is_token(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_ours(std::string_view name) {
  constexpr std::string_view ours[] = {"host",       "content-length", "content-type", "transfer-encoding",
                                       "connection", "expect",         "upgrade",      "te"};
  return std::ranges::find(ours, directory::to_lower_ascii(name)) != std::end(ours);
}

/// Values aren't quoted: they are secrets.
std::string fields_flaw(const SmsGateway& gateway) {
  if (gateway.secret_fields.size() > most_fields) return "at most 20 are expected";
  for (const auto& [name, value] : gateway.secret_fields) {
    if (!is_token(name)) return "each line has a field's name, a colon and its value";
    if (is_ours(name)) return name + " is set by Countersign itself";
    if (value.empty() || value.size() > most_secret || !is_printable(value))
      return name + ": 1 to 1024 printable characters of ASCII are expected";
  }
  return {};
}

/// Empty, or the flaw after the JSON pointer of where it is.
std::string body_flaw(const json::value& value, const std::string& pointer, bool& has_to, bool& has_text) {
  if (value.is_object()) {
    for (const auto& each : value.get_object())
      if (auto flaw = body_flaw(each.value(), pointer + "/" + std::string(each.key()), has_to, has_text); !flaw.empty())
        return flaw;
  } else if (value.is_array()) {
    for (std::size_t at = 0; at < value.get_array().size(); ++at)
      if (auto flaw = body_flaw(value.get_array()[at], pointer + "/" + std::to_string(at), has_to, has_text);
          !flaw.empty())
        return flaw;
  } else if (value.is_string()) {
    const std::string_view text = value.get_string();
    if (auto flaw = placeholder_flaw(text, {of_body, {}}); !flaw.empty()) return pointer + ": " + flaw;
    has_to = has_to || text.find("{{to}}") != text.npos || text.find("{{to_digits}}") != text.npos;
    has_text = has_text || text.find("{{text}}") != text.npos;
  }
  return {};
}

SmsFlaw json_flaw(const SmsGateway& gateway) {
  if (gateway.method != "POST" && gateway.method != "PUT") return {"method", "POST or PUT is expected"};
  if (!gateway.body.is_object() && !gateway.body.is_array()) return {"body", "a JSON object or array is expected"};
  if (json::serialize(gateway.body).size() > most_body) return {"body", "at most 16 KiB are expected"};
  bool has_to = false, has_text = false;
  if (auto flaw = body_flaw(gateway.body, "", has_to, has_text); !flaw.empty()) return {"body", std::move(flaw)};
  if (!has_to) return {"body", "{{to}} or {{to_digits}} is missing"};
  if (!has_text) return {"body", "{{text}} is missing"};
  if (auto flaw = fields_flaw(gateway); !flaw.empty()) return {"headers", std::move(flaw)};
  if (!gateway.id_at.empty()) {
    json::error_code error;
    static_cast<void>(json::value(json::object()).find_pointer(gateway.id_at, error));
    if (gateway.id_at.front() != '/' || gateway.id_at.size() > most_text ||
        (error && error != json::error::not_found && error != json::error::value_is_scalar))
      return {"id_at", "a JSON pointer is expected, such as /messages/0/id"};
  }
  if (!gateway.report_url.empty()) return {"report_url", "it belongs into the template of the body"};
  return {};
}

}  // namespace

SmsFlaw flaw_in(const SmsGateway& gateway) {
  try {
    push::parse_webhook_url(gateway.url);
  } catch (const push::ReceiverFlaw& flaw) {
    return {"url", flaw.text};
  }
  if (!is_one_line(gateway.from, most_text) || !is_printable(gateway.from))
    return {"from", "at most 256 printable characters of ASCII are expected"};
  if (!is_one_line(gateway.user, most_text) || !is_printable(gateway.user))
    return {"user", "at most 256 printable characters of ASCII are expected"};
  if (!is_one_line(gateway.password, most_secret) || !is_printable(gateway.password))
    return {"password", "at most 1024 printable characters of ASCII are expected"};
  if (gateway.shape == SmsShape::json) return json_flaw(gateway);
  if (gateway.from.empty()) return {"from", "a sender is expected"};
  if (gateway.user.empty()) return {"user", "a user is expected"};
  if (gateway.user.find(':') != std::string::npos) return {"user", "a colon can't be in it"};
  if (gateway.password.empty()) return {"password", "a password is expected"};
  if (gateway.report_mask == 0 || gateway.report_mask > 31) return {"report_mask", "a number from 1 to 31 is expected"};
  const auto& report = gateway.report_url;
  if (report.empty()) return {};
  if (report.size() > most_url || !is_printable(report) || report.find(' ') != report.npos ||
      (!report.starts_with("https://") && !report.starts_with("http://")))
    return {"report_url", "an https:// address is expected"};
  if (auto flaw = placeholder_flaw(report, {of_report, needed_of_report}); !flaw.empty()) return {"report_url", flaw};
  const bool has_secret = report.find("{{secret}}") != report.npos;
  if (has_secret && gateway.report_secret.empty()) return {"report_url", "{{secret}} needs a report_secret_file"};
  const auto authority = report.substr(0, report.find('/', report.find("://") + 3));
  if (!has_secret && authority.find('@') != authority.npos)
    return {"report_url", "a password doesn't belong into a setting: write {{secret}} for it"};
  return {};
}

}  // namespace countersign::messages
