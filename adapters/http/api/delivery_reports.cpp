#include "adapters/http/api/delivery_reports.h"

#include <boost/json/parse.hpp>

#include "adapters/keys/rfc4648.h"
#include "adapters/outbox/delivery_reference.h"
#include "bus/hash.h"

namespace countersign::http {

using domain::Delivery;
using messages::DeliveryReport;

namespace {

/// The token of "Bearer", or the password of "Basic"; empty: neither.
std::string shown_secret(std::string_view header) {
  const auto blank = header.find(' ');
  if (blank == std::string_view::npos) return {};
  const auto scheme = header.substr(0, blank), shown = header.substr(blank + 1);
  if (equal_ignoring_case(scheme, "bearer")) return std::string(shown);
  const auto credentials = equal_ignoring_case(scheme, "basic") ? keys::parse_base64(shown) : std::nullopt;
  const auto colon = credentials ? credentials->find(':') : std::string::npos;
  return colon == std::string::npos ? std::string() : credentials->substr(colon + 1);
}

void add_fields(messages::ReportFields& fields, std::string_view encoded) {
  const auto parameters = Request::parse_parameters(encoded);
  if (!parameters) return;
  for (const auto& [name, value] : *parameters) fields.emplace(name, value);
}

}  // namespace

bool DeliveryReports::is_genuine(const Exchange& exchange) const {
  const auto shown = shown_secret(exchange.request().header("Authorization"));
  return bus::equal_constant_time(domain::view(bus::sha256(shown)), domain::view(bus::sha256(settings_.secret)));
}

messages::ParsedReport DeliveryReports::read(const Exchange& exchange) const {
  if (settings_.shape == messages::SmsShape::json) {
    boost::system::error_code error;
    const auto value = boost::json::parse(exchange.body(), error);
    if (error) return "it isn't JSON";
    return messages::parse_json_report(settings_.json, value);
  }
  messages::ReportFields fields;
  add_fields(fields, exchange.request().query);
  if (settings_.shape == messages::SmsShape::kannel) return messages::parse_kannel_report(fields);
  add_fields(fields, exchange.body());
  return messages::parse_twilio_report(fields);
}

boost::asio::awaitable<Response> DeliveryReports::take(Exchange& exchange) {
  if (settings_.secret.empty())
    co_return exchange.problem({.status = 404, .code = "not-found", .detail = "No delivery reports are taken."});
  if (!is_genuine(exchange))
    co_return exchange.problem(
        {.status = 401, .code = "unauthorized", .detail = "The gateway's secret is needed (Bearer or Basic)."});
  const auto parsed = read(exchange);
  if (const auto* flaw = std::get_if<std::string>(&parsed))
    co_return exchange.problem(
        {.status = 400, .code = "report-malformed", .detail = "This is no delivery report: " + *flaw + "."});
  const auto& report = std::get<DeliveryReport>(parsed);
  const auto reference = outbox::parse_reference(report.reference);
  const auto located = reference ? reads_.find([&](const projections::ViewState& state) {
    return state.locate_authenticator(reference->account, reference->authenticator);
  })
                                 : std::nullopt;
  if (!located || report.state == DeliveryReport::State::underway) co_return Response(204);

  const bool delivered = report.state == DeliveryReport::State::delivered;
  commands::Call call;
  call.context = writes_.context_of(exchange);
  call.context.account = reference->account;
  const domain::EndDelivery command{located->user, reference->authenticator, reference->challenge,
                                    delivered ? Delivery::delivered : Delivery::undelivered,
                                    delivered ? domain::Reason::none : domain::Reason::delivery_failed};
  using Outcome = commands::Outcome<domain::DeliveryEnded>;
  auto start = [&](Callback<Outcome> done) {
    writes_.submitter().submit<domain::EndDelivery>(std::move(call), command, std::move(done));
  };
  const auto outcome = co_await await_callback<Outcome>(start);
  if (const auto& error = outcome.settlement.error) {
    const bool leaves = error == bus::errc::not_owner || error == bus::errc::stopping;
    const bool elsewhere = leaves && reads_.partitions().shared();
    co_return elsewhere ? moved(exchange, error) : exchange.problem(problem_of_settlement(error));
  }
  co_return Response(204);
}

}  // namespace countersign::http
