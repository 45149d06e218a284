#pragma once
// The server's settings: one table says each one's name, default and meaning; from it come the TOML key, the
// COUNTERSIGN_* variable, the flag and --help. Defaults < file < variable < flag.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/messages/settings.h"

namespace countersign::server {

struct Settings {
  std::string data_dir = "./data";
  std::string listen = "127.0.0.1:8420";
  std::string bus = "embedded";
  std::string kafka_brokers, topic_prefix = "countersign", node_id = "node-1", advertise;
  std::vector<std::string> kafka_properties;
  std::string kafka_properties_file;
  std::uint64_t kafka_replication = 3;
  std::string cluster_listen = "127.0.0.1:8421", cluster_own = "group";
  bool insecure_plain_http = false;
  std::string tls_certificate, tls_key;
  std::string master_key_file, root_key, root_key_file;
  std::string anchor_mirror;
  std::string origin_host = "countersign.local";
  std::string location_city_database, location_asn_database;
  std::string log_format = "text", log_level = "info";
  std::vector<std::string> trusted_proxies, egress_allow;
  std::uint64_t redeem_failures_per_source = 20, redeem_failures_per_account = 1000;
  std::uint64_t challenges_per_source = 600, message_pause_s = 30, messages_per_hour = 5;
  messages::SettingValues mail, sms;
  std::string message_templates;
  std::uint64_t max_connections = 10'000, queue = 16'384;
  std::uint64_t header_timeout_ms = 10'000, idle_timeout_ms = 75'000, body_idle_timeout_ms = 15'000;
  std::uint64_t disk_reserve_mib = 256, index_memory_mib = 1024;
  std::uint64_t threads = 0;
  // only flags
  bool new_root_key = false, restore_keep_tokens = false;
  std::string restore_from, restore_erasures, restore_erasures_key;
  /// COUNTERSIGN_* variables that are no setting: a typing error that would otherwise change nothing, unnoticed.
  std::vector<std::string> unknown_variables;
};

/// Throws UsageError naming the setting and where it was given. Nothing: --help or --version has been printed.
struct UsageError {
  std::string text;
};
std::optional<Settings> read_settings(int argc, const char* const* argv);

/// "all", "none", or numbers and ranges such as "0-3,7": which partitions they name. Nothing for anything else.
std::optional<std::function<bool(std::uint32_t partition)>> parse_partitions(const std::string& text);

/// 16 to 256 characters without blanks; and what begins like an account's API key would be taken for one.
bool is_root_key(std::string_view text);

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  bool loopback = false;
  bool anywhere = false;  ///< 0.0.0.0 or [::]
};
HostPort parse_listen(const std::string& text);

}  // namespace countersign::server
