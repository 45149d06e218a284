// What leaves the house besides answers: signed heads of accounts' logs, events that are pushed to SIEMs or written to
// the public topic, and messages with one-time passwords.

#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>

#include "adapters/http/api/event_question.h"
#include "adapters/messages/sms.h"
#include "adapters/messages/smtp.h"
#include "tools/countersignd/node.h"

namespace countersign::server {
namespace {

constexpr std::size_t most_template_bytes = 1 << 20;

messages::TextTemplates templates_of(const std::string& file) {
  if (file.empty()) return messages::default_otp_templates();
  const auto wrong = [&](const std::string& what) { return StartRefused("messages.templates_file: " + file + what); };
  std::ifstream in(file, std::ios::binary);
  if (!in) throw wrong(" can't be read");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  boost::system::error_code error;
  if (text.size() > most_template_bytes) throw wrong(" has more than 1 MiB");
  const auto value = boost::json::parse(text, error);
  if (error) throw wrong(": JSON is expected: " + error.message());
  auto parsed = messages::parse_otp_templates(value);
  if (const auto* flaw = std::get_if<std::string>(&parsed)) throw wrong(": " + *flaw);
  return std::get<messages::TextTemplates>(std::move(parsed));
}

}  // namespace

void Node::open_outlets() {
  open_notary();
  open_exporter();
  open_outbox();
  if (kafka_) open_audit_topic();
}

void Node::open_notary() {
  tiles_ = std::make_unique<projections::TileStore>(directory_.merkle().string(), write_buffers_);
  trees_ = std::make_unique<projections::AccountTrees>(*views_, *tiles_);
  notary::NotaryOptions options{.host = settings_.origin_host,
                                .directory = directory_.heads(),
                                .seed = keys_->cluster().signing.key,
                                .former = keys_->former_signing_keys(),
                                .report = [this](const std::string& text) {
                                  log_.write(LogLevel::error, "an account's log is signed no more", {{"reason", text}});
                                }};
  notary_ = std::make_unique<notary::Notary>(*views_, *trees_, std::move(options));
}

/// Nothing while the log's tree is being made, or contradicts what was signed.
std::optional<std::string> Node::checkpoint_of(domain::AccountId account) {
  auto made = notary_->checkpoint(account);
  auto* note = std::get_if<std::string>(&made);
  return note ? std::optional(std::move(*note)) : std::nullopt;
}

void Node::open_exporter() {
  exports::ExportPorts ports{
      .views = *views_,
      .state = *published_,
      .partitions = *partitions_,
      .submitter = *submitter_,
      .keys = *keys_,
      .opener = *opener_,
      .clock = [this] { return now(); },
      .warn = [this](std::string_view text) { log_.write(LogLevel::warning, text); },
      .make_transport =
          [this](boost::asio::any_io_executor executor, push::Receiver receiver, const push::TransportLimits& limits) {
            receiver.sender = settings_.origin_host;
            return push::make_transport(std::move(executor), std::move(receiver), egress_, limits);
          },
      .read_filter = [this](std::string_view text) { return http::filter_of(text, *lookup_); },
      .checkpoint = [this](domain::AccountId account) { return checkpoint_of(account); }};
  exporter_ = std::make_unique<exports::Exporter>(std::move(ports), directory_.exports(), exports::ExportOptions{},
                                                  write_buffers_);
}

void Node::open_outbox() {
  const auto mail = messages::parse_smtp_settings(settings_.mail);
  const auto sms = messages::parse_sms_settings(settings_.sms);
  numbers_ = messages::number_plan(sms);
  outbox::Transports transports;
  std::string section = "mail.";
  try {
    if (!mail.host.empty())
      transports.email = messages::make_smtp(messages::smtp_server(mail), egress_, messages::limits_of(mail),
                                             [] { return wall_clock() / 1'000; });
    section = "sms.";
    reports_ = messages::report_settings(sms);
    if (!sms.gateway.empty())
      transports.sms = messages::make_sms(messages::sms_gateway(sms), egress_, messages::limits_of(sms));
  } catch (const messages::SettingFlaw& flaw) {
    throw StartRefused(section + flaw.name + ": " + flaw.text);
  }
  outbox_ = std::make_unique<outbox::Outbox>(
      outbox::OutboxPorts{*views_,
                          *submitter_,
                          {*published_, *opener_, otp::Seeds(*keys_), templates_of(settings_.message_templates),
                           [this] { return now(); }},
                          [this](std::string_view text) { log_.write(LogLevel::warning, text); }},
      std::move(transports));
  challenge_limits_ = std::make_unique<commands::AttemptLimits>(
      commands::AttemptLimitSettings{static_cast<std::uint32_t>(settings_.challenges_per_source), 0});
}

void Node::open_audit_topic() {
  audit_topic_ = std::make_unique<audit_topic::KafkaAuditTopic>(kafka_->options("audit"));
  publisher_ = std::make_unique<audit_topic::Publisher>(
      audit_topic::PublicationPorts{*views_, *published_, *opener_, *audit_topic_, partitions_->count()}, *partitions_,
      [this](std::string_view text) { log_.write(LogLevel::warning, text); });
}

}  // namespace countersign::server
