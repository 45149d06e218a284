// siem-destinations: where an account's events are pushed to. Secrets and certificates come from files.

#include <charconv>
#include <fstream>
#include <iterator>

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

constexpr std::string_view path = "/v1/siem-destinations";

const std::vector<Column> columns{{"ID", "id"},
                                  {"NAME", "name"},
                                  {"PROTOCOL", "protocol"},
                                  {"FORMAT", "format"},
                                  {"GUARANTEE", "guarantee"},
                                  {"STATE", "status.state"},
                                  {"LAG", "status.lag_events"},
                                  {"LAST DELIVERY", "status.last_delivery_at"},
                                  {"LAST ERROR", "status.last_error"}};

std::string whole_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.good() && !in.eof()) throw LocalError(file + " can't be read");
  return text;
}

struct Settings {
  std::optional<std::string> name, host, url, format, filter;
  std::optional<std::uint16_t> port;
  std::optional<bool> tls, checkpoints;
  std::optional<std::string> authorities, client_certificate, client_key, signing_secret;  ///< files
};

void add_settings(CLI::App& command, Settings& settings) {
  command.add_option("--host", settings.host, "Name or address of the receiver; of all but webhooks");
  command.add_option("--port", settings.port, "Its port (2514 RELP, 6514 syslog_tls, 514 else); 0: that one again");
  command.add_option("--url", settings.url, "Of a webhook: https://...");
  command.add_option("--tls", settings.tls, "true: RELP inside TLS");
  command.add_option("--format", settings.format, "native, ocsf, ecs, cef or leef (native)")
      ->check(CLI::IsMember({"native", "ocsf", "ecs", "cef", "leef"}));
  command.add_option("--filter", settings.filter, "Only events that match, such as 'severity eq \"high\"'");
  command.add_option("--checkpoints", settings.checkpoints, "false: no signed checkpoints of the log among the events");
  command.add_option("--authorities-file", settings.authorities, "PEM file: whom to trust (the server's system)");
  command.add_option("--client-certificate-file", settings.client_certificate, "PEM file");
  command.add_option("--client-key-file", settings.client_key, "PEM file with its key");
  command.add_option("--signing-secret-file", settings.signing_secret,
                     "File with whsec_..., of a webhook (drawn by the server, and shown once)");
}

boost::json::object body_of(const Settings& settings) {
  boost::json::object body;
  const auto text = [&](const char* name, const std::optional<std::string>& value) {
    if (value) body[name] = value->empty() ? boost::json::value(nullptr) : boost::json::value(*value);
  };
  // An empty name of a file takes away what was there.
  const auto file = [&](const char* name, const std::optional<std::string>& value) {
    if (value) body[name] = value->empty() ? boost::json::value(nullptr) : boost::json::value(whole_file(*value));
  };
  text("name", settings.name);
  text("host", settings.host);
  text("url", settings.url);
  text("format", settings.format);
  text("filter", settings.filter);
  if (settings.port)
    body["port"] = *settings.port == 0 ? boost::json::value(nullptr) : boost::json::value(*settings.port);
  if (settings.tls) body["tls"] = *settings.tls;
  if (settings.checkpoints) body["checkpoints"] = *settings.checkpoints;
  file("authorities", settings.authorities);
  file("client_certificate", settings.client_certificate);
  file("client_key", settings.client_key);
  if (settings.signing_secret) body["signing_secret"] = read_key_file(*settings.signing_secret);
  return body;
}

/// A whole number is an event's sequence; anything else goes as it is.
boost::json::value beginning(const std::string& text) {
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error == std::errc() && end == text.data() + text.size()) return sequence;
  return boost::json::value(text);
}

std::string one(const std::string& id, std::string_view action = {}) {
  return std::string(path).append("/").append(id).append(action);
}

void add_create_and_update(CLI::App& destinations, Session& session) {
  auto* create = destinations.add_subcommand("create", "Push the account's events to another receiver");
  auto fresh = std::make_shared<Settings>();
  auto protocol = std::make_shared<std::string>();
  auto from = std::make_shared<std::string>();
  create->add_option("name", fresh->name, "What people know it by")->required();
  create->add_option("--protocol", *protocol, "relp, syslog_tls, syslog_tcp, syslog_udp or webhook")
      ->required()
      ->check(CLI::IsMember({"relp", "syslog_tls", "syslog_tcp", "syslog_udp", "webhook"}));
  create->add_option("--from", *from, "beginning, a time, a position or an event's sequence (from now on)");
  add_settings(*create, *fresh);
  create->callback([&session, fresh, protocol, from] {
    auto body = body_of(*fresh);
    body["protocol"] = *protocol;
    if (!from->empty()) body["from"] = beginning(*from);
    session.show(session.api().post(path, body));
  });

  auto* update = destinations.add_subcommand("update", "Change one; what isn't named stays, an empty text removes it");
  auto changed = std::make_shared<Settings>();
  auto id = std::make_shared<std::string>();
  auto version = std::make_shared<std::string>();
  update->add_option("destination", *id, "dst_...")->required();
  update->add_option("--name", changed->name, "What people know it by");
  update->add_option("--if-version", *version, "Change nothing unless it still has this version, such as 3");
  add_settings(*update, *changed);
  update->callback([&session, changed, id, version] {
    const auto body = body_of(*changed);
    if (body.empty())
      throw CLI::RequiredError("siem-destinations update: name something to change; one of the options");
    session.show(session.api().patch(one(*id), body, *version));
  });
}

void add_list_and_show(CLI::App& destinations, Session& session) {
  auto* list = destinations.add_subcommand("list", "List them, and how they fare");
  auto paging = std::make_shared<Session::Paging>();
  Session::add_paging(*list, *paging);
  list->callback([&session, paging] { session.show_list(path, {}, columns, *paging); });

  auto* show = destinations.add_subcommand("show", "Show one, and how it fares");
  auto id = std::make_shared<std::string>();
  show->add_option("destination", *id, "dst_...")->required();
  show->callback([&session, id] { session.show(session.api().get(one(*id))); });
}

CLI::App* add_action(CLI::App& destinations, const char* name, const char* text, std::shared_ptr<std::string> id) {
  auto* command = destinations.add_subcommand(name, text);
  command->add_option("destination", *id, "dst_...")->required();
  return command;
}

void add_actions(CLI::App& destinations, Session& session) {
  const auto id = std::make_shared<std::string>();
  add_action(destinations, "test", "Send a test line now; exit status 1 when it was not delivered", id)
      ->callback([&session, id] {
        const auto tested = session.api().post(one(*id, "/test"));
        session.show(tested);
        if (cell(tested, "delivered") != "true") session.finish_with(1);
      });
  for (const auto& [name, text] : {std::pair{"pause", "Send nothing for a while"}, {"resume", "Go on where it was"}})
    add_action(destinations, name, text, id)->callback([&session, id, action = std::string("/") + name] {
      session.show(session.api().post(one(*id, action)));
    });
  const auto from = std::make_shared<std::string>();
  auto* replay = add_action(destinations, "replay", "Send events again; repeats have the same ids", id);
  replay->add_option("--from", *from, "beginning, now, a time, a position or an event's sequence")->required();
  replay->callback([&session, id, from] {
    session.show(session.api().post(one(*id, "/replay"), boost::json::object{{"from", beginning(*from)}}));
  });
  add_action(destinations, "delete", "Send nothing any more, and destroy its secrets", id)->callback([&session, id] {
    session.api().remove(one(*id));
    session.say("deleted " + *id);
  });
}

}  // namespace

void add_siem_destinations(CLI::App& app, Session& session) {
  auto* destinations = app.add_subcommand("siem-destinations", "Push events to SIEMs: create, test, pause, replay");
  destinations->require_subcommand(1);
  add_create_and_update(*destinations, session);
  add_list_and_show(*destinations, session);
  add_actions(*destinations, session);
}

}  // namespace countersign::cli
