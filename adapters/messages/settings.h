#pragma once
// Settings of the transports as an operator writes them: names with values, from a file, variables or JSON. One table
// says each one's name, meaning and range. Secrets are never among the values: files are named that hold them.

#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/messages/delivery_report.h"
#include "adapters/messages/phone_number.h"
#include "adapters/messages/sms_gateway.h"
#include "adapters/messages/smtp.h"
#include "adapters/messages/transport.h"

namespace countersign::messages {

struct SmtpSettings {
  std::string host;  ///< empty: no e-mail
  std::uint64_t port = 0;
  std::string tls = "starttls", authorities_file;
  std::string user, password_file;
  std::string ehlo_name = "countersign.local", from, from_name, reply_to;
  std::uint64_t connect_timeout_ms = 10'000, timeout_ms = 60'000;
};

struct SmsSettings {
  std::string gateway;  ///< twilio, kannel or json; empty: no SMS
  std::string url, authorities_file, from, user, password_file, report_url, method;
  std::uint64_t report_mask = 3;
  std::string body, headers_file, id_at;
  std::string calling_code, trunk_prefix;
  std::string report_secret_file, report_reference_at, report_status_at, report_delivered, report_failed;
  std::uint64_t connect_timeout_ms = 10'000, timeout_ms = 60'000;
};

/// What is wrong with which setting; secrets aren't quoted.
struct SettingFlaw {
  std::string name, text;
};

/// By name, without "smtp." or "sms.".
using SettingValues = std::map<std::string, std::string, std::less<>>;
/// Of a JSON object: texts, whole numbers, true and false; what is an object or array itself as its JSON text. Throws
/// SettingFlaw.
SettingValues setting_values(const boost::json::value& object);

/// Throw SettingFlaw for a name that isn't known, or a value that can't be meant.
SmtpSettings parse_smtp_settings(const SettingValues& values);
SmsSettings parse_sms_settings(const SettingValues& values);

/// Name and meaning of each setting, in the order of the table.
using SettingHelp = std::vector<std::pair<std::string, std::string>>;
SettingHelp smtp_setting_help();
SettingHelp sms_setting_help();

/// Reads the files that are named and looks for flaws: what make_smtp() and make_sms() take. Throw SettingFlaw.
SmtpServer smtp_server(const SmtpSettings& settings);
SmsGateway sms_gateway(const SmsSettings& settings);
NumberPlan number_plan(const SmsSettings& settings);

/// How delivery reports come.
struct ReportSettings {
  SmsShape shape = SmsShape::json;
  JsonReportShape json;
  std::string secret;  ///< that the gateway shows; empty: none are taken
};
ReportSettings report_settings(const SmsSettings& settings);
TransportLimits limits_of(const SmtpSettings& settings);
TransportLimits limits_of(const SmsSettings& settings);

}  // namespace countersign::messages
