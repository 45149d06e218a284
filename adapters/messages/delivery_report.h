#pragma once
// What gateways tell later about a message. Pure. Whether a report is genuine is not judged here: whoever receives it
// must know that it comes from the gateway (Twilio's signature, an address that nobody else knows).

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::messages {

struct DeliveryReport {
  enum class State { underway, delivered, failed };
  State state = State::underway;
  std::string gateway_id;  ///< as Accepted had it; may be empty when there is a reference
  std::string reference;   ///< the message's id; may be empty when there is a gateway's id
  std::string code;        ///< the gateway's number or word for the state or error
};

/// Decoded fields of a form or query.
using ReportFields = std::map<std::string, std::string, std::less<>>;
/// A report, or why it is none: without what was in it.
using ParsedReport = std::variant<DeliveryReport, std::string>;

/// MessageSid, MessageStatus, ErrorCode; `reference` from the query of the report_url.
ParsedReport parse_twilio_report(const ReportFields& fields);

/// `reference` and `type` from the query of the report_url, such as ?reference={{reference}}&type=%d: 1 delivered, 2
/// not delivered, 4 queued at the SMSC, 8 taken by it, 16 refused by it. Others are no report.
ParsedReport parse_kannel_report(const ReportFields& fields);

/// Where a JSON report has what (RFC 6901), and which words mean that it ended. Other words: underway.
struct JsonReportShape {
  std::string id_at, reference_at, status_at;  ///< one of the first two may be empty
  std::vector<std::string> delivered, failed;  ///< compared in lower case
};
/// Empty, or what is wrong with it.
std::string flaw_in(const JsonReportShape& shape);
ParsedReport parse_json_report(const JsonReportShape& shape, const boost::json::value& report);

}  // namespace countersign::messages
