// What leaves the house besides answers: signed heads of accounts' logs, and events that are pushed to SIEMs or written
// to the public topic.

#include "adapters/http/api/event_question.h"
#include "tools/countersignd/node.h"

namespace countersign::server {

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

void Node::open_audit_topic() {
  audit_topic_ = std::make_unique<audit_topic::KafkaAuditTopic>(kafka_->options("audit"));
  publisher_ = std::make_unique<audit_topic::Publisher>(
      audit_topic::PublicationPorts{*views_, *published_, *opener_, *audit_topic_, partitions_->count()}, *partitions_,
      [this](std::string_view text) { log_.write(LogLevel::warning, text); });
}

}  // namespace countersign::server
