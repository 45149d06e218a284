#pragma once
// How outcomes become responses: refusals and failed settlements as problems, results as JSON with the position of what
// they rest on.

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>

#include "adapters/commands/command_work.h"
#include "adapters/http/server/exchange.h"
#include "adapters/queries/position_text.h"

namespace countersign::http {

/// The status each refusal has (API contract).
Problem problem_of(const domain::Refusal& refusal);
/// Why a command was not taken, or its outcome isn't known.
Problem problem_of_settlement(const boost::system::error_code& error);
/// Something that must be stored before a command may speak of it isn't: 507, or 503 when too much waits already, or
/// when the brokers don't take it.
Problem unstored(const boost::system::error_code& error);
Problem too_many_attempts(std::int64_t wait_ms);

/// What can't be a registration code, and what to look for in it.
Problem code_malformed(const std::string& hint);
Problem no_such(std::string_view what);
Problem bad_parameter(std::string_view name, std::string_view detail);

/// For a handler that needs to wait for nothing after all.
boost::asio::awaitable<Response> ready(Response response);

commands::Answer json_answer(std::uint16_t status, const boost::json::value& body);
commands::Answer empty_answer(std::uint16_t status);

}  // namespace countersign::http
