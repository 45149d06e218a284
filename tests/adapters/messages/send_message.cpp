// Sends one message by a transport made from settings, for the tests against servers in Python. Standard input:
// {"smtp": {settings} or "sms": {settings}, "message": {...}, "allow": [egress.allow]}; output: the result.

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <ctime>
#include <iostream>
#include <iterator>

#include "adapters/messages/settings.h"
#include "adapters/messages/sms.h"
#include "adapters/messages/smtp.h"

namespace json = boost::json;
using namespace countersign::messages;  // NOLINT: a program of one page

namespace {

std::string text(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  return value ? std::string(value->as_string()) : std::string();
}

std::unique_ptr<Transport> transport_of(const json::object& request) {
  std::vector<std::string> allow;
  for (const auto& each : request.at("allow").as_array()) allow.emplace_back(each.as_string());
  const countersign::push::EgressRules rules(allow);
  if (const auto* smtp = request.if_contains("smtp")) {
    const auto settings = parse_smtp_settings(setting_values(*smtp));
    return make_smtp(smtp_server(settings), rules, limits_of(settings),
                     [] { return std::int64_t{std::time(nullptr)}; });
  }
  const auto settings = parse_sms_settings(setting_values(request.at("sms")));
  return make_sms(sms_gateway(settings), rules, limits_of(settings));
}

json::object shown(const Result& result) {
  if (const auto* accepted = std::get_if<Accepted>(&result))
    return {{"result", "accepted"}, {"gateway_id", accepted->gateway_id}};
  if (const auto* refused = std::get_if<Refused>(&result)) return {{"result", "refused"}, {"reason", refused->reason}};
  if (const auto* unknown = std::get_if<Unknown>(&result)) return {{"result", "unknown"}, {"reason", unknown->reason}};
  const auto& later = std::get<Later>(result);
  json::object out{{"result", "later"}, {"reason", later.reason}};
  if (later.after) out["after_s"] = later.after->count();
  return out;
}

}  // namespace

int main() {
  const std::string input(std::istreambuf_iterator<char>(std::cin), {});
  try {
    const auto request = json::parse(input).as_object();
    const auto transport = transport_of(request);
    const auto& given = request.at("message").as_object();
    const Message message{text(given, "id"), text(given, "to"), text(given, "subject"), text(given, "text"),
                          text(given, "language")};
    std::cout << json::serialize(shown(transport->send(message, {}))) << '\n';
    return 0;
  } catch (const SettingFlaw& flaw) {
    std::cout << json::serialize(json::object{{"result", "flaw"}, {"name", flaw.name}, {"text", flaw.text}}) << '\n';
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
