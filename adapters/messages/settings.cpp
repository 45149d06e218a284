#include "adapters/messages/settings.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <fstream>
#include <span>
#include <variant>

#include "adapters/directory/text_checks.h"
#include "adapters/keys/private_file.h"

namespace countersign::messages {
namespace json = boost::json;
namespace {

constexpr std::uint64_t most_timeout_ms = 600'000;
constexpr std::size_t most_secret_file = 16 * 1024, most_authorities_file = 1024 * 1024;

template <class Settings>
struct Setting {
  const char* name;
  std::variant<std::string Settings::*, std::uint64_t Settings::*> member;
  const char* help;
  std::uint64_t least = 0, most = 0;  ///< of numbers
};

const Setting<SmtpSettings> smtp_table[] = {
    {"host", &SmtpSettings::host, "mail server that takes e-mail from here; without it none is sent"},
    {"port", &SmtpSettings::port, "its port; 0: 587 with starttls, 465 with tls, 25 with none", 0, 65'535},
    {"tls", &SmtpSettings::tls, "starttls, tls (from the start), or none for a server on this machine"},
    {"authorities_file", &SmtpSettings::authorities_file,
     "PEM file of whom to trust instead of the system's authorities"},
    {"user", &SmtpSettings::user, "who logs in, with AUTH PLAIN or LOGIN; without it nobody does"},
    {"password_file", &SmtpSettings::password_file, "file with the password, for its owner only"},
    {"ehlo_name", &SmtpSettings::ehlo_name, "this machine's name as it is told to the server"},
    {"from", &SmtpSettings::from, "address of the sender"},
    {"from_name", &SmtpSettings::from_name, "name shown beside it"},
    {"reply_to", &SmtpSettings::reply_to, "address for answers, if it is another one"},
    {"connect_timeout_ms", &SmtpSettings::connect_timeout_ms, "until the server has been reached and the login done", 1,
     most_timeout_ms},
    {"timeout_ms", &SmtpSettings::timeout_ms, "for one e-mail, all in all", 1, most_timeout_ms},
};

const Setting<SmsSettings> sms_table[] = {
    {"gateway", &SmsSettings::gateway,
     "how the SMS gateway is spoken to: twilio, kannel or json; without it none is sent"},
    {"url", &SmsSettings::url, "its address, https://...; of twilio without the path"},
    {"authorities_file", &SmsSettings::authorities_file,
     "PEM file of whom to trust instead of the system's authorities"},
    {"from", &SmsSettings::from, "sender shown: a number or a name that the gateway takes"},
    {"user", &SmsSettings::user, "of twilio the account's SID, of kannel the username"},
    {"password_file", &SmsSettings::password_file, "file with the token or password, for its owner only"},
    {"report_url", &SmsSettings::report_url,
     "of twilio and kannel: where deliveries are reported to, with {{reference}} in it, and {{secret}} for what is in "
     "report_secret_file"},
    {"method", &SmsSettings::method, "of kannel: GET or POST (GET); of json: POST or PUT (POST)"},
    {"report_mask", &SmsSettings::report_mask, "of kannel: the sum of the reports wanted (dlr-mask)", 1, 31},
    {"body", &SmsSettings::body,
     "of json: the request's body, with {{to}} or {{to_digits}}, {{text}}, {{from}}, {{reference}} in its texts"},
    {"headers_file", &SmsSettings::headers_file, "of json: file with header fields such as Authorization, one a line"},
    {"id_at", &SmsSettings::id_at, "of json: JSON pointer to the message's id in the answer"},
    {"report_secret_file", &SmsSettings::report_secret_file,
     "file with the secret that the gateway shows when it reports deliveries; without it none are taken"},
    {"report_reference_at", &SmsSettings::report_reference_at,
     "of json: JSON pointer to {{reference}} in the gateway's reports"},
    {"report_status_at", &SmsSettings::report_status_at, "of json: JSON pointer to the status in them"},
    {"report_delivered", &SmsSettings::report_delivered, "of json: statuses that mean delivered, with commas between"},
    {"report_failed", &SmsSettings::report_failed, "of json: statuses that mean not delivered, with commas between"},
    {"calling_code", &SmsSettings::calling_code, "country of numbers that name none, such as 49"},
    {"trunk_prefix", &SmsSettings::trunk_prefix, "what stands before national numbers, such as 0"},
    {"connect_timeout_ms", &SmsSettings::connect_timeout_ms, "until the gateway has been reached", 1, most_timeout_ms},
    {"timeout_ms", &SmsSettings::timeout_ms, "for one SMS, all in all", 1, most_timeout_ms},
};

std::string shown(const std::string& value) {
  constexpr std::size_t most_shown = 64;
  if (value.size() > most_shown || !directory::is_utf8(value) || directory::has_control_character(value)) return {};
  return ", not '" + value + "'";
}

template <class Settings>
Settings parse(std::span<const Setting<Settings>> table, const SettingValues& values) {
  Settings settings;
  for (const auto& [given, value] : values) {
    const std::string& name = given;
    const auto found = std::ranges::find_if(table, [&](const auto& each) { return name == each.name; });
    if (found == table.end()) throw SettingFlaw{name, "there is no such setting"};
    if (const auto* text = std::get_if<std::string Settings::*>(&found->member)) {
      settings.*(*text) = value;
      continue;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number < found->least || number > found->most)
      throw SettingFlaw{name, "a whole number from " + std::to_string(found->least) + " to " +
                                  std::to_string(found->most) + " is expected" + shown(value)};
    settings.*std::get<std::uint64_t Settings::*>(found->member) = number;
  }
  return settings;
}

template <class Settings>
SettingHelp help_of(std::span<const Setting<Settings>> table) {
  SettingHelp help;
  for (const auto& each : table) help.emplace_back(each.name, each.help);
  return help;
}

void expect_one_of(const std::string& name, const std::string& value, std::initializer_list<std::string_view> words) {
  if (std::ranges::find(words, value) != words.end()) return;
  std::string list;
  for (const auto word : words) list.append(list.empty() ? "" : " or ").append(word);
  throw SettingFlaw{name, list + " is expected" + shown(value)};
}

std::string read_secret(const std::string& name, const std::string& what, const std::string& file) {
  try {
    auto text = keys::read_private_file(what, file, most_secret_file);
    if (text.size() > most_secret_file) throw SettingFlaw{name, file + " has more than 16 KiB"};
    return text;
  } catch (const keys::StartError& error) {
    throw SettingFlaw{name, error.what()};
  }
}

/// The one line of a file; empty when none is named.
std::string read_line(const std::string& name, const std::string& what, const std::string& file) {
  if (file.empty()) return {};
  auto text = read_secret(name, what, file);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty() || text.find('\n') != std::string::npos)
    throw SettingFlaw{name, file + ": one line with " + what + " is expected"};
  return text;
}

std::string read_password(const std::string& file) {
  return read_line("password_file", "the password", file);
}

SmsShape shape_of(std::string_view gateway) {
  return gateway == "twilio" ? SmsShape::twilio : gateway == "kannel" ? SmsShape::kannel : SmsShape::json;
}

std::string read_authorities(const std::string& file) {
  if (file.empty()) return {};
  std::ifstream in(file, std::ios::binary);
  std::string text(most_authorities_file + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.empty()) throw SettingFlaw{"authorities_file", file + " can't be read, or is empty"};
  if (text.size() > most_authorities_file) throw SettingFlaw{"authorities_file", file + " has more than 1 MiB"};
  if (text.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
    throw SettingFlaw{"authorities_file", file + ": certificates in PEM are expected"};
  return text;
}

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const auto word = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), word.size() + 1));
    if (const auto trimmed = directory::trim(word); !trimmed.empty()) words.emplace_back(trimmed);
  }
  return words;
}

/// "Name: value" a line; empty lines are passed over.
std::vector<std::pair<std::string, std::string>> read_fields(const std::string& file) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (file.empty()) return fields;
  const auto text = read_secret("headers_file", "the header fields", file);
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto line = directory::trim(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(rest.size(), rest.find('\n') == rest.npos ? rest.size() : rest.find('\n') + 1));
    if (line.empty()) continue;
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    fields.emplace_back(name, colon == line.npos ? "" : directory::trim(line.substr(colon + 1)));
  }
  return fields;
}

template <class Settings>
TransportLimits limits(const Settings& settings) {
  return {std::chrono::milliseconds(settings.connect_timeout_ms), std::chrono::milliseconds(settings.timeout_ms)};
}

}  // namespace

SettingValues setting_values(const json::value& object) {
  if (!object.is_object()) throw SettingFlaw{"", "an object with settings is expected"};
  SettingValues values;
  for (const auto& member : object.get_object()) {
    const auto& value = member.value();
    if (value.is_double() || value.is_null())
      throw SettingFlaw{std::string(member.key()), "a text, a whole number or true/false is expected"};
    values[std::string(member.key())] =
        value.is_string() ? std::string(value.get_string()) : std::string(json::serialize(value));
  }
  return values;
}

SmtpSettings parse_smtp_settings(const SettingValues& values) {
  auto settings = parse<SmtpSettings>(smtp_table, values);
  expect_one_of("tls", settings.tls, {"starttls", "tls", "none"});
  if (settings.user.empty() != settings.password_file.empty())
    throw SettingFlaw{settings.user.empty() ? "user" : "password_file", "user and password_file go together"};
  return settings;
}

SmsSettings parse_sms_settings(const SettingValues& values) {
  auto settings = parse<SmsSettings>(sms_table, values);
  if (settings.gateway.empty()) return settings;
  expect_one_of("gateway", settings.gateway, {"twilio", "kannel", "json"});
  if (settings.gateway == "kannel" && !settings.method.empty())
    expect_one_of("method", settings.method, {"GET", "POST"});
  if (settings.gateway == "json" && !settings.method.empty()) expect_one_of("method", settings.method, {"POST", "PUT"});
  if (settings.gateway == "twilio" && !settings.method.empty())
    throw SettingFlaw{"method", "it is for kannel and json"};
  const bool is_json = settings.gateway == "json";
  for (const auto& [name, value] :
       {std::pair{"body", &settings.body}, {"headers_file", &settings.headers_file}, {"id_at", &settings.id_at}})
    if (!is_json && !value->empty()) throw SettingFlaw{name, "it is for json"};
  if (auto flaw = flaw_in(NumberPlan{settings.calling_code, settings.trunk_prefix}); !flaw.empty())
    throw SettingFlaw{"calling_code", std::move(flaw)};
  return settings;
}

SettingHelp smtp_setting_help() {
  return help_of<SmtpSettings>(smtp_table);
}

SettingHelp sms_setting_help() {
  return help_of<SmsSettings>(sms_table);
}

SmtpServer smtp_server(const SmtpSettings& settings) {
  SmtpServer server;
  server.host = settings.host;
  server.port = static_cast<std::uint16_t>(settings.port);
  server.tls = settings.tls == "starttls" ? ConnectionTls::starttls
               : settings.tls == "tls"    ? ConnectionTls::from_the_start
                                          : ConnectionTls::none;
  server.authorities = read_authorities(settings.authorities_file);
  server.user = settings.user;
  server.password = read_password(settings.password_file);
  server.ehlo_name = settings.ehlo_name;
  server.sender = {settings.from, settings.from_name, settings.reply_to};
  if (auto flaw = flaw_in(server); !flaw.field.empty()) {
    if (flaw.field == "password") flaw.field = "password_file";
    throw SettingFlaw{flaw.field, flaw.text};
  }
  return server;
}

namespace {

std::string read_report_secret(const SmsSettings& settings) {
  if (settings.report_secret_file.empty()) return {};
  return read_line("report_secret_file", "the secret", settings.report_secret_file);
}

}  // namespace

SmsGateway sms_gateway(const SmsSettings& settings) {
  SmsGateway gateway;
  gateway.shape = shape_of(settings.gateway);
  gateway.url = settings.url;
  if (gateway.url.empty() && gateway.shape == SmsShape::twilio) gateway.url = "https://api.twilio.com";
  gateway.authorities = read_authorities(settings.authorities_file);
  gateway.from = settings.from;
  gateway.user = settings.user;
  gateway.password = read_password(settings.password_file);
  gateway.report_url = settings.report_url;
  gateway.report_secret = read_report_secret(settings);
  gateway.post = settings.method == "POST";
  gateway.report_mask = static_cast<unsigned>(settings.report_mask);
  if (!settings.method.empty()) gateway.method = settings.method;
  if (!settings.body.empty()) {
    json::error_code error;
    gateway.body = json::parse(settings.body, error);
    if (error) throw SettingFlaw{"body", "JSON is expected: " + error.message()};
  }
  gateway.secret_fields = read_fields(settings.headers_file);
  gateway.id_at = settings.id_at;
  if (auto flaw = flaw_in(gateway); !flaw.field.empty()) {
    if (flaw.field == "password") flaw.field = "password_file";
    if (flaw.field == "headers") flaw.field = "headers_file";
    throw SettingFlaw{flaw.field, flaw.text};
  }
  return gateway;
}

NumberPlan number_plan(const SmsSettings& settings) {
  return {settings.calling_code, settings.trunk_prefix};
}

ReportSettings report_settings(const SmsSettings& settings) {
  ReportSettings reports;
  if (settings.gateway.empty() || settings.report_secret_file.empty()) return reports;
  reports.shape = shape_of(settings.gateway);
  reports.secret = read_report_secret(settings);
  if (reports.shape != SmsShape::json) return reports;
  reports.json.reference_at = settings.report_reference_at;
  reports.json.status_at = settings.report_status_at;
  reports.json.delivered = words_of(settings.report_delivered);
  reports.json.failed = words_of(settings.report_failed);
  if (auto flaw = flaw_in(reports.json); !flaw.empty())
    throw SettingFlaw{settings.report_reference_at.empty() ? "report_reference_at" : "report_status_at", flaw};
  return reports;
}

TransportLimits limits_of(const SmtpSettings& settings) {
  return limits(settings);
}

TransportLimits limits_of(const SmsSettings& settings) {
  return limits(settings);
}

}  // namespace countersign::messages
