// events: what happened, and what happens.

#include <boost/json/parse.hpp>
#include <iomanip>
#include <iostream>
#include <thread>

#include "tools/countersign/session.h"
#include "tools/countersign/sse_reader.h"
#include "tools/countersign/text.h"

namespace countersign::cli {
namespace {

const std::vector<Column> columns{{"TIME", "time"},
                                  {"TYPE", "type"},
                                  {"RESULT", "outcome.result"},
                                  {"REASON", "outcome.reason"},
                                  {"ACTOR", "actor.display"},
                                  {"SUBJECT", "subject.display"},
                                  {"TARGET", "target.id"},
                                  {"ADDRESS", "client.ip"}};

/// A line of CEF or LEEF, whose fields TAB may separate.
std::string escaped_fields(std::string_view line) {
  std::string out;
  for (std::size_t tab; (tab = line.find('\t')) != std::string_view::npos; line.remove_prefix(tab + 1))
    out.append(escaped(line.substr(0, tab))).append(1, '\t');
  return out + escaped(line);
}

void print_event(const Session& session, const std::string& format, const std::string& text) {
  if (format == "cef" || format == "leef") {
    std::cout << escaped_fields(text) << std::endl;
    return;
  }
  if (session.options.json || format != "native") {
    std::cout << escaped_json(text) << std::endl;
    return;
  }
  boost::system::error_code error;
  const auto parsed = boost::json::parse(text, error);
  if (error || !parsed.is_object()) return;
  const auto& event = parsed.get_object();
  std::string line;
  for (const auto& column : columns) {
    const auto value = cell(event, column.path);
    if (!value.empty()) line.append(line.empty() ? "" : "  ").append(value);
  }
  std::cout << line << std::endl;
}

/// Until the user ends it, standard output closes, or the server says no. Lost connections are resumed.
void tail(Session& session, Parameters parameters, const std::string& format) {
  SseReader reader([&](const std::string& text) { print_event(session, format, text); });
  for (auto pause = std::chrono::seconds(1);;) {
    try {
      session.api().stream(
          "/v1/events/stream", parameters, "text/event-stream",
          [&](std::string_view piece) {
            reader.feed(piece);
            pause = std::chrono::seconds(1);
            return std::cout.good();
          },
          reader.last_id());
      if (!std::cout) return;
    } catch (const NoAnswer& error) {
      std::cerr << "countersign: " << escaped(error.what()) << " Trying again.\n";
    } catch (const Refused& refused) {
      if (refused.status() != 503) throw;
    }
    reader.restart();
    if (!reader.last_id().empty()) std::erase_if(parameters, [](const auto& p) { return p.first == "after"; });
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::seconds(30));
  }
}

void show_counts(const boost::json::object& answer) {
  std::cout << answer.at("total").to_number<std::uint64_t>() << " events\n";
  for (const auto& [field, values] : answer.at("facets").as_object()) {
    std::cout << '\n' << escaped(field) << '\n';
    for (const auto& each : values.as_array()) {
      const auto& value = each.as_object();
      std::cout << std::setw(12) << value.at("count").to_number<std::uint64_t>() << "  " << cell(value, "value");
      if (value.contains("display")) std::cout << "  " << cell(value, "display");
      std::cout << '\n';
    }
  }
}

/// With bars as long as the terminal's usual width allows.
void show_histogram(const boost::json::object& answer) {
  constexpr std::uint64_t longest = 40;
  std::uint64_t most = 1;
  for (const auto& bucket : answer.at("buckets").as_array())
    most = std::max(most, bucket.as_object().at("count").to_number<std::uint64_t>());
  for (const auto& bucket : answer.at("buckets").as_array()) {
    const auto count = bucket.as_object().at("count").to_number<std::uint64_t>();
    std::cout << cell(bucket.as_object(), "start") << std::setw(12) << count << "  "
              << std::string(count * longest / most, '#') << '\n';
  }
}

}  // namespace

void add_events(CLI::App& app, Session& session) {
  auto* events = app.add_subcommand("events", "List events, or watch them happen");
  events->require_subcommand(1);
  constexpr auto about_filter = R"(Such as: type sw "registration_code." and outcome eq "failure")";
  constexpr auto about_account = "acc_system: the server's own events (root key)";

  struct Wanted {
    std::string q, since, until, filter, sort, account, after = "latest", format = "native";
    bool from_start = false;
    Session::Paging paging;
  };
  auto wanted = std::make_shared<Wanted>();
  const auto question = [wanted](CLI::App& command, const char* text) {
    command.add_option(text, wanted->q, "Part of a kind, reason or name, or a whole id or address");
    command.add_option("--since", wanted->since, "At or after, such as 2026-11-23T00:00:00Z");
    command.add_option("--until", wanted->until, "Before");
    command.add_option("--filter", wanted->filter, about_filter);
    command.add_option("--account", wanted->account, about_account);
  };
  const auto asked = [wanted](std::string name, std::string value) {
    return Parameters{{std::move(name), std::move(value)}, {"since", wanted->since},     {"until", wanted->until},
                      {"filter", wanted->filter},          {"account", wanted->account}, {"q", wanted->q}};
  };
  auto* list = events->add_subcommand("list", "List events, newest first");
  question(*list, "text");
  list->add_option("--sort", wanted->sort, "desc or asc")->check(CLI::IsMember({"desc", "asc"}));
  Session::add_paging(*list, wanted->paging);
  list->callback([&session, wanted, asked] {
    session.show_list("/v1/events", asked("sort", wanted->sort), columns, wanted->paging);
  });

  auto* count = events->add_subcommand("count", "Count events by the values of fields");
  auto fields = std::make_shared<std::string>("type");
  count->add_option("fields", *fields, "Such as: type,outcome.reason,actor,client.ip (type)");
  question(*count, "--text");
  count->callback([&session, fields, asked] {
    const auto counts = session.api().get("/v1/events/facets", asked("fields", *fields));
    if (session.options.json) return session.show(counts);
    show_counts(counts);
  });

  auto* histogram = events->add_subcommand("histogram", "Count events over time");
  auto buckets = std::make_shared<std::string>("24");
  histogram->add_option("--buckets", *buckets, "Intervals of equal length (24)");
  question(*histogram, "--text");
  histogram->callback([&session, buckets, asked] {
    const auto counts = session.api().get("/v1/events/histogram", asked("buckets", *buckets));
    if (session.options.json) return session.show(counts);
    show_histogram(counts);
  });

  auto* show = events->add_subcommand("show", "Show one event");
  auto id = std::make_shared<std::string>();
  show->add_option("event", *id, "evt_...")->required();
  show->callback([&session, id] { session.show(session.api().get("/v1/events/" + *id)); });

  auto* watch =
      events->add_subcommand("tail", "Show events as they happen, until interrupted; resumes lost connections");
  auto* cursor = watch->add_option("--after", wanted->after, "Begin after this cursor of a stream (now)");
  watch->add_flag("--from-start", wanted->from_start, "Begin with the account's first event")->excludes(cursor);
  watch->add_option("--filter", wanted->filter, about_filter);
  watch->add_option("--account", wanted->account, about_account);
  watch->add_option("--format", wanted->format, "native, ocsf, ecs, cef or leef: a line each as SIEMs read it (native)")
      ->check(CLI::IsMember({"native", "ocsf", "ecs", "cef", "leef"}));
  watch->callback([&session, wanted] {
    const auto after = wanted->from_start ? "" : wanted->after;
    tail(session,
         {{"account", wanted->account}, {"after", after}, {"filter", wanted->filter}, {"format", wanted->format}},
         wanted->format);
  });
}

}  // namespace countersign::cli
