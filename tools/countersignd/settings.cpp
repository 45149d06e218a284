#include "tools/countersignd/settings.h"

#include <toml++/toml.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <variant>

#include "adapters/cluster/node_connection.h"
#include "adapters/cluster/node_uri.h"
#include "adapters/http/server/client_address.h"
#include "adapters/notary/checkpoint.h"
#include "adapters/push/egress.h"
#include "domain/challenge.h"
#include "domain/secret_text.h"
#include "domain/slot.h"

namespace countersign::server {
namespace {

using Text = std::string Settings::*;
using Number = std::uint64_t Settings::*;
using Flag = bool Settings::*;
using Texts = std::vector<std::string> Settings::*;
/// Of a transport, which reads it itself: its values, and the name in them.
using Value = std::pair<messages::SettingValues Settings::*, std::string>;

struct Setting {
  std::string name;  ///< TOML key; variable and flag follow from it
  std::variant<Text, Number, Flag, Texts, Value> member;
  std::string help;
  std::uint64_t least = 0, most = 0;  ///< of numbers
};

constexpr std::uint64_t day_ms = 86'400'000, most_failures = 1'000'000'000;

const Setting own_settings[] = {
    {"data_dir", &Settings::data_dir, "where log, keys and views are kept"},
    {"listen", &Settings::listen, "address and port; beyond loopback only with TLS"},
    {"bus", &Settings::bus, "the log: embedded, or kafka"},
    {"kafka_brokers", &Settings::kafka_brokers, "brokers for bus = kafka, as host:port,host:port"},
    {"kafka_properties", &Settings::kafka_properties,
     "properties of librdkafka for security and identity, such as security.protocol=SASL_SSL"},
    {"kafka_properties_file", &Settings::kafka_properties_file,
     "file with such properties, one name=value a line, for those that are secret"},
    {"kafka_replication", &Settings::kafka_replication,
     "copies that the brokers must keep of each topic; 1: for trials", 1, 100},
    {"topic_prefix", &Settings::topic_prefix, "prefix of Kafka topics"},
    {"node_id", &Settings::node_id, "this node's name in claims and events; on Kafka each node has its own"},
    {"cluster.listen", &Settings::cluster_listen, "address and port for other nodes, for bus = kafka"},
    {"cluster.own", &Settings::cluster_own,
     "partitions that this node should own: group (those that Kafka's group gives it), all, none, or such as 0-3,7"},
    {"advertise", &Settings::advertise,
     "URL under which other nodes reach cluster.listen, https://<host>:<port>; default https://<it>"},
    {"insecure_plain_http", &Settings::insecure_plain_http, "listen beyond loopback without TLS"},
    {"tls.certificate", &Settings::tls_certificate, "PEM file with the certificate chain; read again on SIGHUP"},
    {"tls.key", &Settings::tls_key, "PEM file with the private key"},
    {"master_key_file", &Settings::master_key_file, "master key; default <data-dir>/master-key"},
    {"root_key", &Settings::root_key, "the root key itself; better give its file"},
    {"root_key_file", &Settings::root_key_file, "file with the root key; default <data-dir>/root-key"},
    {"anchor_mirror", &Settings::anchor_mirror, "copy of the log's anchor, best on another disk"},
    {"origin_host", &Settings::origin_host, "host in the origin of signed checkpoints: <host>/log/<account id>"},
    {"location.city_database", &Settings::location_city_database,
     "MaxMind database of countries and cities, for source addresses; read again on SIGHUP"},
    {"location.asn_database", &Settings::location_asn_database,
     "MaxMind database of autonomous systems; read again on SIGHUP"},
    {"log.format", &Settings::log_format, "text or json"},
    {"log.level", &Settings::log_level, "debug, info, warning or error"},
    {"trusted_proxies", &Settings::trusted_proxies, "networks whose X-Forwarded-For counts, such as 10.0.0.0/8"},
    {"egress.allow", &Settings::egress_allow,
     "addresses and networks that events may be pushed to though they aren't public, such as 10.0.0.0/8"},
    {"limits.redeem_failures_per_source", &Settings::redeem_failures_per_source,
     "failed redemptions a minute and source; 0: no limit", 0, most_failures},
    {"limits.redeem_failures_per_account", &Settings::redeem_failures_per_account,
     "failed redemptions a minute and account; 0: no limit", 0, most_failures},
    {"limits.challenges_per_source", &Settings::challenges_per_source, "challenges a minute and source; 0: no limit", 0,
     most_failures},
    {"limits.message_pause_s", &Settings::message_pause_s, "seconds between two messages to a user", 0, 3'600},
    {"limits.messages_per_hour", &Settings::messages_per_hour, "messages an hour to a user; 0: no limit", 0,
     domain::most_messages_an_hour},
    {"messages.templates_file", &Settings::message_templates,
     "JSON file with what messages say, in several languages; without it English and German"},
    {"limits.max_connections", &Settings::max_connections, "open connections", 1, 1'000'000},
    {"limits.queue", &Settings::queue, "commands that may wait; beyond: 503", 1, 1'000'000},
    {"limits.header_timeout_ms", &Settings::header_timeout_ms, "until a request's headers are complete", 1, day_ms},
    {"limits.idle_timeout_ms", &Settings::idle_timeout_ms, "between two requests of a connection", 1, day_ms},
    {"limits.body_idle_timeout_ms", &Settings::body_idle_timeout_ms, "between two pieces of a body", 1, day_ms},
    {"disk_reserve_mib", &Settings::disk_reserve_mib, "free space below which commands are refused (507)", 0,
     1'000'000'000},
    {"index.memory_mib", &Settings::index_memory_mib, "memory for the event index; older segments are read again", 16,
     1'000'000},
    {"threads", &Settings::threads, "threads for connections; 0: one for each core", 0, 1024},
};

/// With those of the transports.
const std::vector<Setting>& table() {
  static const auto made = [] {
    std::vector<Setting> all(std::begin(own_settings), std::end(own_settings));
    for (const auto& [name, help] : messages::smtp_setting_help())
      all.push_back({"mail." + name, Value{&Settings::mail, name}, help});
    for (const auto& [name, help] : messages::sms_setting_help())
      all.push_back({"sms." + name, Value{&Settings::sms, name}, help});
    return all;
  }();
  return made;
}

bool is_secret(const Setting& setting) {
  return setting.name == "root_key";
}

std::string variable_of(const Setting& setting) {
  std::string out = "COUNTERSIGN_";
  for (const char c : setting.name) out += c == '.' ? '_' : static_cast<char>(std::toupper(c));
  return out;
}

std::string flag_of(const Setting& setting) {
  std::string out = "--";
  for (const char c : setting.name) out += c == '.' || c == '_' ? '-' : c;
  return out;
}

void set(Settings& settings, const Setting& setting, const std::string& value, const std::string& where) {
  const auto wrong = [&](const std::string& expected) {
    throw UsageError{where + ": " + expected + " is expected" + (is_secret(setting) ? "" : ", not '" + value + "'")};
  };
  if (const auto* text = std::get_if<Text>(&setting.member)) {
    settings.*(*text) = value;
  } else if (const auto* number = std::get_if<Number>(&setting.member)) {
    std::uint64_t parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc() || end != value.data() + value.size() || parsed < setting.least || parsed > setting.most)
      wrong("a whole number from " + std::to_string(setting.least) + " to " + std::to_string(setting.most));
    settings.*(*number) = parsed;
  } else if (const auto* flag = std::get_if<Flag>(&setting.member)) {
    if (value != "true" && value != "false" && value != "1" && value != "0") wrong("true or false");
    settings.*(*flag) = value == "true" || value == "1";
  } else if (const auto* of_transport = std::get_if<Value>(&setting.member)) {
    (settings.*of_transport->first)[of_transport->second] = value;
  } else {
    auto& list = settings.*std::get<Texts>(setting.member);
    list.clear();
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto part = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      if (!part.empty()) list.emplace_back(part);
    }
  }
}

void flatten(const toml::table& from, const std::string& prefix, std::map<std::string, std::string>& out,
             const std::string& file) {
  const auto wrong = [&](const std::string& name, const char* expected) {
    return UsageError{std::string(file).append(": ").append(name).append(": ").append(expected)};
  };
  for (const auto& [key, node] : from) {
    const auto name = prefix + std::string(key.str());
    if (const auto* nested = node.as_table()) {
      flatten(*nested, name + ".", out, file);
    } else if (const auto* list = node.as_array()) {
      std::string joined;
      for (const auto& item : *list) {
        if (!item.is_string()) throw wrong(name, "a list of texts is expected");
        joined.append(joined.empty() ? "" : ",").append(item.as_string()->get());
      }
      out[name] = joined;
    } else if (node.is_string())
      out[name] = node.as_string()->get();
    else if (node.is_integer())
      out[name] = std::to_string(node.as_integer()->get());
    else if (node.is_boolean())
      out[name] = node.as_boolean()->get() ? "true" : "false";
    else
      throw wrong(name, "a text, a whole number or true/false is expected");
  }
}

void read_file(Settings& settings, const std::string& file) {
  toml::table document;
  try {
    document = toml::parse_file(file);
  } catch (const toml::parse_error& error) {
    throw UsageError{file + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description())};
  }
  std::map<std::string, std::string> values;
  flatten(document, "", values, file);
  for (const auto& value : values) {
    const auto& name = value.first;
    const auto setting = std::ranges::find_if(table(), [&](const Setting& s) { return s.name == name; });
    if (setting == table().end())
      throw UsageError{std::string(file).append(": there is no setting '").append(name).append("'")};
    set(settings, *setting, value.second, std::string(file).append(": ").append(name));
  }
}

std::vector<std::string> unknown_variables() {
  constexpr std::string_view prefix = "COUNTERSIGN_";
  // Of this program, of `countersign`, and of the tests.
  std::set<std::string_view> known{"COUNTERSIGN_CONFIG", "COUNTERSIGN_KEY", "COUNTERSIGN_SERVER",
                                   "COUNTERSIGN_PROGRAMS"};
  std::vector<std::string> variables;
  for (const auto& setting : table()) variables.push_back(variable_of(setting));
  known.insert(variables.begin(), variables.end());
  std::vector<std::string> unknown;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    if (name.starts_with(prefix) && !known.contains(name)) unknown.emplace_back(name);
  }
  return unknown;
}

/// All nodes have the same keys, and each a name of its own.
void check_cluster(const Settings& settings) {
  if (settings.kafka_brokers.empty()) throw UsageError{"bus = kafka needs kafka_brokers"};
  if (settings.root_key.empty() && settings.root_key_file.empty())
    throw UsageError{"bus = kafka needs root_key_file: all nodes have the same root key"};
  if (settings.master_key_file.empty())
    throw UsageError{"bus = kafka needs master_key_file: all nodes have the same master key"};
  if (!settings.restore_from.empty()) throw UsageError{"--restore is for the embedded log"};
  if (!settings.anchor_mirror.empty()) throw UsageError{"anchor_mirror is for the embedded log"};
  if (settings.new_root_key) throw UsageError{"--new-root-key is for the embedded log"};
  if (settings.node_id.empty() || settings.node_id.size() > cluster::most_node_id_bytes)
    throw UsageError{"node_id: a name of 1 to 255 bytes is expected"};
  for (const auto& property : settings.kafka_properties)
    if (property.find('=') == std::string::npos || property.front() == '=')
      throw UsageError{"kafka_properties: name=value is expected"};  // not quoted: it may be a password
  const auto listen = parse_listen(settings.cluster_listen);
  if (settings.advertise.empty() && (listen.anywhere || listen.port == 0))
    throw UsageError{"cluster.listen: " + settings.cluster_listen +
                     " is no address that other nodes could reach: give advertise, https://<host>:<port>"};
  if (!settings.advertise.empty() && !cluster::parse_node_address(settings.advertise))
    throw UsageError{"advertise: https://<host>:<port> is expected, not '" + settings.advertise + "'"};
  if (settings.cluster_own != "group" && !parse_partitions(settings.cluster_own))
    throw UsageError{"cluster.own: group, all, none or numbers of partitions such as 0-3,7 are expected, not '" +
                     settings.cluster_own + "'"};
}

void check(const Settings& settings) {
  if (settings.bus != "embedded" && settings.bus != "kafka")
    throw UsageError{"bus: embedded or kafka is expected, not '" + settings.bus + "'"};
  if (settings.bus == "kafka") check_cluster(settings);
  if (!notary::is_origin_host(settings.origin_host))
    throw UsageError{"origin_host: a host's name is expected, such as audit.example.com, not '" + settings.origin_host +
                     "'"};
  if (settings.log_format != "text" && settings.log_format != "json")
    throw UsageError{"log.format: text or json is expected, not '" + settings.log_format + "'"};
  constexpr std::string_view levels[] = {"debug", "info", "warning", "error"};
  if (std::ranges::find(levels, settings.log_level) == std::end(levels))
    throw UsageError{"log.level: debug, info, warning or error is expected, not '" + settings.log_level + "'"};
  try {
    http::TrustedProxies{settings.trusted_proxies};
  } catch (const std::invalid_argument& error) {
    throw UsageError{error.what()};
  }
  try {
    push::EgressRules{settings.egress_allow};
  } catch (const std::invalid_argument& error) {
    throw UsageError{std::string("egress.allow: ") + error.what()};
  }
  const auto expect = [](const char* section, const auto& parse) {
    try {
      parse();
    } catch (const messages::SettingFlaw& flaw) {
      throw UsageError{std::string(section).append(flaw.name).append(": ").append(flaw.text)};
    }
  };
  expect("mail.", [&] { messages::parse_smtp_settings(settings.mail); });
  expect("sms.", [&] { messages::parse_sms_settings(settings.sms); });
  if (!settings.root_key.empty() && !is_root_key(settings.root_key))
    throw UsageError{"root_key: 16 to 256 characters without blanks are expected, and not an account's API key"};
  if (settings.restore_from.empty() && (settings.restore_keep_tokens || !settings.restore_erasures.empty()))
    throw UsageError{"--keep-tokens and --erasures go with --restore"};
  if (settings.restore_erasures.empty() && !settings.restore_erasures_key.empty())
    throw UsageError{"--erasures-key goes with --erasures"};
  if (settings.new_root_key && !(settings.root_key_file.empty() && settings.root_key.empty()))
    throw UsageError{
        "--new-root-key makes the data directory's own root key: with root_key or root_key_file it would change "
        "nothing"};
  const auto listen = parse_listen(settings.listen);
  const bool tls = !settings.tls_certificate.empty();
  if (tls != !settings.tls_key.empty()) throw UsageError{"tls.certificate and tls.key belong together"};
  if (!listen.loopback && !tls && !settings.insecure_plain_http)
    throw UsageError{
        "listen: " + settings.listen +
        " is beyond loopback: give tls.certificate and tls.key, or --insecure-plain-http behind a proxy that "
        "speaks TLS"};
}

}  // namespace

std::optional<std::function<bool(std::uint32_t)>> parse_partitions(const std::string& text) {
  if (text == "all" || text == "none") return [all = text == "all"](std::uint32_t) { return all; };
  std::set<std::uint32_t> numbers;
  std::string_view rest = text;
  while (!rest.empty()) {
    auto part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    std::uint32_t first = 0, last = 0;
    const auto [behind, error] = std::from_chars(part.data(), part.data() + part.size(), first);
    if (error != std::errc()) return std::nullopt;
    last = first;
    part.remove_prefix(static_cast<std::size_t>(behind - part.data()));
    if (!part.empty()) {
      const auto [end, wrong] = std::from_chars(part.data() + 1, part.data() + part.size(), last);
      if (part.front() != '-' || wrong != std::errc() || end != part.data() + part.size()) return std::nullopt;
    }
    if (last < first || last >= domain::slot_count) return std::nullopt;
    for (auto number = first; number <= last; ++number) numbers.insert(number);
  }
  if (numbers.empty()) return std::nullopt;
  return [numbers](std::uint32_t number) { return numbers.contains(number); };
}

bool is_root_key(std::string_view text) {
  return text.size() >= 16 && text.size() <= 256 && text.find_first_of(" \t") == std::string_view::npos &&
         !text.starts_with(domain::bearer_prefix(domain::BearerKind::api_key));
}

HostPort parse_listen(const std::string& text) {
  const auto colon = text.rfind(':');
  const auto wrong = [&] { return UsageError{"listen: HOST:PORT is expected, not '" + text + "'"}; };
  if (colon == std::string::npos) throw wrong();
  auto host = text.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  unsigned port = 0;
  const auto digits = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port > 65535) throw wrong();
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(host, ec);
  if (ec) throw UsageError{"listen: '" + host + "' is not an IP address"};
  return {host, static_cast<std::uint16_t>(port), address.is_loopback(), address.is_unspecified()};
}

std::optional<Settings> read_settings(int argc, const char* const* argv) {
  CLI::App app{
      "countersignd: the activation server. Settings: defaults < --config file (TOML) < COUNTERSIGN_* variables < "
      "flags."};
  app.footer(
      "SIGHUP reads the certificate again; SIGTERM and SIGINT drain.\n\n"
      "Exit status: 0 drained, 1 something is wrong, 2 the settings were not understood.");
  app.set_version_flag("--version", "countersignd " COUNTERSIGN_VERSION);
  Settings settings;
  std::string config;
  app.add_option("--config", config, "TOML file with settings")->envname("COUNTERSIGN_CONFIG");
  app.add_flag("--new-root-key", settings.new_root_key,
               "make a new root key in place of the one in the data directory");
  app.add_option("--restore", settings.restore_from,
                 "begin the (empty) data directory from this backup, in a new epoch");
  app.add_flag("--keep-tokens", settings.restore_keep_tokens,
               "with --restore: tokens and sessions go on, authenticators stay active");
  app.add_option("--erasures", settings.restore_erasures,
                 "with --restore: signed list of erasures later than the backup");
  app.add_option("--erasures-key", settings.restore_erasures_key,
                 "with --erasures: verifier key of the list, when the signing key was changed after the backup");
  std::map<const Setting*, std::string> given;
  for (const auto& setting : table()) {
    auto* slot = &given[&setting];
    std::string help = setting.help;
    help.append(" [").append(setting.name).append(", ").append(variable_of(setting)).append("]");
    if (std::holds_alternative<Flag>(setting.member)) {
      app.add_flag_callback(
          flag_of(setting), [slot] { *slot = "true"; }, help);
    } else {
      app.add_option(flag_of(setting), *slot, help);
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) throw UsageError{error.what()};
    app.exit(error);
    return std::nullopt;
  }
  if (!config.empty()) read_file(settings, config);
  for (const auto& setting : table()) {
    if (const char* value = std::getenv(variable_of(setting).c_str()))
      set(settings, setting, value, variable_of(setting));
    if (!given[&setting].empty()) set(settings, setting, given[&setting], flag_of(setting));
  }
  check(settings);
  if (settings.bus == "kafka" && settings.advertise.empty()) settings.advertise = "https://" + settings.cluster_listen;
  settings.unknown_variables = unknown_variables();
  return settings;
}

}  // namespace countersign::server
