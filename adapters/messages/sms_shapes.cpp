#include "adapters/messages/sms_shapes.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "adapters/keys/rfc4648.h"
#include "adapters/messages/placeholders.h"
#include "adapters/messages/sms_segments.h"
#include "adapters/push/carriers.h"

namespace countersign::messages {
namespace json = boost::json;
namespace {

constexpr std::size_t most_gateway_id = 128;

std::string escaped(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

json::value parsed(std::string_view body) {
  json::error_code error;
  auto value = json::parse(body, error);
  return error ? json::value() : value;
}

const json::value* member(const json::value& of, std::string_view name) {
  return of.is_object() ? of.get_object().if_contains(name) : nullptr;
}

json::value with_values(const json::value& value, const SmsGateway& gateway, const Message& message) {
  if (value.is_object()) {
    json::object filled;
    for (const auto& each : value.get_object()) filled[each.key()] = with_values(each.value(), gateway, message);
    return filled;
  }
  if (value.is_array()) {
    json::array filled;
    for (const auto& each : value.get_array()) filled.push_back(with_values(each, gateway, message));
    return filled;
  }
  if (!value.is_string()) return value;
  return json::value(filled_in(value.get_string(), [&](std::string_view name) {
    if (name == "to") return message.to;
    if (name == "to_digits") return message.to.substr(1);
    if (name == "from") return gateway.from;
    return name == "text" ? message.text : message.id;
  }));
}

}  // namespace

std::string form_of(const std::vector<std::pair<std::string_view, std::string>>& fields) {
  std::string form;
  for (const auto& [name, value] : fields)
    form.append(form.empty() ? "" : "&").append(name).append("=").append(escaped(value));
  return form;
}

std::string report_url_for(const SmsGateway& gateway, const Message& message) {
  return filled_in(gateway.report_url, [&](std::string_view name) {
    return name == "secret" ? escaped(gateway.report_secret) : message.id;
  });
}

std::string target_of(const SmsGateway& gateway) {
  return push::parse_webhook_url(gateway.url).target;
}

std::string id_in(const json::value* value) {
  if (!value) return {};
  std::string id;
  if (value->is_string())
    id = std::string(value->get_string());
  else if (value->is_int64())
    id = std::to_string(value->get_int64());
  else if (value->is_uint64())
    id = std::to_string(value->get_uint64());
  const bool fits = id.size() <= most_gateway_id && std::ranges::all_of(id, [](char c) { return c > ' ' && c <= '~'; });
  return fits ? id : std::string();
}

HttpRequest twilio_request(const SmsGateway& gateway, const Message& message) {
  auto path = target_of(gateway);
  while (path.ends_with('/')) path.pop_back();
  const bool by_service = gateway.from.starts_with("MG");
  std::vector<std::pair<std::string_view, std::string>> form{
      {"To", message.to}, {by_service ? "MessagingServiceSid" : "From", gateway.from}, {"Body", message.text}};
  if (!gateway.report_url.empty()) form.emplace_back("StatusCallback", report_url_for(gateway, message));
  return {"POST",
          path + "/2010-04-01/Accounts/" + escaped(gateway.user) + "/Messages.json",
          {{"Authorization", "Basic " + keys::base64(gateway.user + ":" + gateway.password)},
           {"Content-Type", "application/x-www-form-urlencoded"}},
          form_of(form)};
}

UnderstoodAnswer twilio_answer(std::string_view body) {
  const auto answer = parsed(body);
  UnderstoodAnswer understood;
  understood.id = id_in(member(answer, "sid"));
  understood.accepted = !understood.id.empty();
  // Twilio's numbers of errors; their texts repeat the person's number.
  const auto* code = member(answer, "code");
  if (code && code->is_int64()) understood.detail = ", code " + std::to_string(code->get_int64());
  return understood;
}

HttpRequest kannel_request(const SmsGateway& gateway, const Message& message) {
  const std::string coding = sms_size(message.text).alphabet == SmsAlphabet::gsm_7bit ? "0" : "2";
  const auto report = report_url_for(gateway, message);
  if (gateway.post) {
    HttpRequest request{"POST",
                        target_of(gateway),
                        {{"Content-Type", "text/plain; charset=UTF-8"},
                         {"X-Kannel-Username", gateway.user},
                         {"X-Kannel-Password", gateway.password},
                         {"X-Kannel-From", gateway.from},
                         {"X-Kannel-To", message.to},
                         {"X-Kannel-Coding", coding}},
                        message.text};
    if (report.empty()) return request;
    request.fields.emplace_back("X-Kannel-DLR-Mask", std::to_string(gateway.report_mask));
    request.fields.emplace_back("X-Kannel-DLR-Url", report);
    return request;
  }
  std::vector<std::pair<std::string_view, std::string>> query{
      {"username", gateway.user}, {"password", gateway.password}, {"from", gateway.from}, {"to", message.to},
      {"text", message.text},     {"charset", "UTF-8"},           {"coding", coding}};
  if (!report.empty()) {
    query.emplace_back("dlr-mask", std::to_string(gateway.report_mask));
    query.emplace_back("dlr-url", report);
  }
  const auto target = target_of(gateway);
  return {"GET", target + (target.find('?') == target.npos ? "?" : "&") + form_of(query), {}, {}};
}

UnderstoodAnswer kannel_answer(std::string_view body) {
  UnderstoodAnswer understood;
  understood.accepted = body.starts_with("0: ") || body.starts_with("3: ");
  understood.refused = body.starts_with("Not routable");
  if (understood.refused) understood.detail = ", not routable";
  return understood;
}

HttpRequest json_request(const SmsGateway& gateway, const Message& message) {
  HttpRequest request{gateway.method,
                      target_of(gateway),
                      {{"Content-Type", "application/json"}},
                      json::serialize(with_values(gateway.body, gateway, message))};
  request.fields.insert(request.fields.end(), gateway.secret_fields.begin(), gateway.secret_fields.end());
  return request;
}

UnderstoodAnswer json_answer(const SmsGateway& gateway, std::string_view body) {
  UnderstoodAnswer understood;
  if (gateway.id_at.empty()) {
    understood.accepted = true;
    return understood;
  }
  const auto answer = parsed(body);
  json::error_code error;
  understood.id = id_in(answer.find_pointer(gateway.id_at, error));
  understood.accepted = !understood.id.empty();
  return understood;
}

}  // namespace countersign::messages
