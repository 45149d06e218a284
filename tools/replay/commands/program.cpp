#include "tools/replay/commands/program.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <sstream>

#include "domain/slot.h"
#include "tools/countersign/text.h"

namespace countersign::replay {

void Program::add_options(CLI::App& app) {
  app.add_option("--data-dir", source.directory, "Data directory (a running server's too), a copy, or a backup")
      ->check(CLI::ExistingDirectory);
  auto* master = app.add_option("--master-key-file", source.master_key_file, "Master key (<data-dir>/master-key)")
                     ->check(CLI::ExistingFile);
  auto* none = app.add_flag("--no-keys", source.no_keys, "Open no keys")->excludes(master);
  app.add_option("--audit-key", source.audit_key_file, "File with one account's key, instead of the master key")
      ->check(CLI::ExistingFile)
      ->excludes(master)
      ->excludes(none);
  auto* brokers =
      app.add_option("--kafka-brokers", kafka.brokers, "host:port,host:port: a cluster, which is read without writing")
          ->group("Cluster");
  app.add_option("--topic-prefix", kafka.prefix, "Prefix of its topics (countersign)")->group("Cluster");
  app.add_option("--kafka-property", kafka.properties,
                 "Property of librdkafka for security and identity, such as security.protocol=SASL_SSL; repeatable")
      ->group("Cluster");
  app.add_option("--kafka-properties-file", kafka.properties_file,
                 "File with such properties, one name=value a line, for those that are secret")
      ->group("Cluster");
  app.add_option("--partition", partition_, "One partition (that of --account, or all)")
      ->needs(brokers)
      ->group("Cluster");
  kafka.on_problem = [](const std::string& text) {
    const auto shown = "countersign-replay: " + cli::escaped(text) + "\n";
    std::fputs(shown.c_str(), stderr);
  };
}

void Program::reads(CLI::App& command, std::function<void()> run) {
  command.callback([this, run = std::move(run)] {
    if (!kafka.brokers.empty())
      throw CLI::ValidationError("--kafka-brokers", "this looks at a data directory, which a cluster doesn't have");
    if (source.directory.empty()) throw CLI::RequiredError("--data-dir");
    run();
  });
}

void Program::reads_any(CLI::App& command, std::function<void()> run) {
  command.callback([this, run = std::move(run)] {
    if (source.directory.empty() == kafka.brokers.empty())
      throw CLI::ValidationError("--data-dir", "either --data-dir or --kafka-brokers is expected");
    if (!kafka.brokers.empty()) open_cluster();
    run();
  });
}

void Program::open_cluster() {
  if (source.master_key_file.empty())
    throw CLI::ValidationError("--master-key-file", "a cluster's keys take the master key");
  source.cluster = ClusterSource::on_kafka(kafka, source.master_key_file);
  source.directory = source.cluster->directory();
  if (partition_ && *partition_ >= source.cluster->partitions())
    throw CLI::ValidationError("--partition",
                               "the cluster has " + std::to_string(source.cluster->partitions()) + " partitions");
}

Source Program::source_of(domain::AccountId account) const {
  auto of = source;
  if (of.cluster) of.partition = partition_.value_or(domain::partition_of(account, of.cluster->partitions()));
  return of;
}

std::vector<Source> Program::sources() const {
  std::vector<Source> all;
  const auto count = source.cluster ? source.cluster->partitions() : 1;
  for (std::uint32_t n = 0; n < count; ++n) {
    if (partition_ && *partition_ != n) continue;
    all.push_back(source);
    all.back().partition = n;
  }
  return all;
}

void Program::show(const boost::json::value& value) {
  line.clear();
  std::cout << cli::escaped_json(boost::json::serialize(value)) << '\n';
}

void Program::say(const std::string& text) {
  line.clear();
  std::istringstream lines(text);
  for (std::string one; std::getline(lines, one);) std::cout << cli::escaped(one) << '\n';
}

void Program::fail(const std::string& text) {
  line.clear();
  std::cout.flush();
  std::istringstream lines(text);
  std::string_view before = "countersign-replay: ";
  for (std::string one; std::getline(lines, one); before = "  ") std::cerr << before << cli::escaped(one) << '\n';
  exit_code_ = 1;
}

bool Program::for_people(bool json) {
  return !json && ::isatty(STDOUT_FILENO) != 0;
}

domain::AccountId account_option(const std::string& text) {
  const auto id = domain::parse_account(text);
  if (!id) throw CLI::ValidationError("--account", "an account id is expected, such as acc_...");
  return *id;
}

Moment moment_option(const std::string& option, const std::string& text) {
  const auto moment = Moment::parse(text);
  if (!moment)
    throw CLI::ValidationError(option,
                               "a time such as 2026-11-23T03:00:00Z, a position as the API's answers have it, or an "
                               "event's #SEQUENCE is expected");
  return *moment;
}

Sitter sitter_options(const std::string& user, const std::string& device) {
  Sitter sitter;
  if (!user.empty() && !(sitter.user = domain::UserId::parse(user)))
    throw CLI::ValidationError("--user", "a user id is expected, such as usr_...");
  if (!device.empty() && !(sitter.device = domain::DeviceId::parse(device)))
    throw CLI::ValidationError("--device", "a device id is expected, such as dev_...");
  return sitter;
}

}  // namespace countersign::replay
