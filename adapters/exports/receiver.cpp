#include "adapters/exports/receiver.h"

#include <algorithm>
#include <stdexcept>

#include "projections/row_codec.h"

namespace countersign::exports {
namespace {

using domain::fb::SiemFormat;
using domain::fb::SiemProtocol;

constexpr std::pair<SiemProtocol, push::Protocol> protocols[] = {{SiemProtocol::relp, push::Protocol::relp},
                                                                 {SiemProtocol::syslog_tls, push::Protocol::syslog_tls},
                                                                 {SiemProtocol::syslog_tcp, push::Protocol::syslog_tcp},
                                                                 {SiemProtocol::syslog_udp, push::Protocol::syslog_udp},
                                                                 {SiemProtocol::webhook, push::Protocol::webhook}};
constexpr std::pair<SiemFormat, siem::ExportFormat> formats[] = {{SiemFormat::native, siem::ExportFormat::native},
                                                                 {SiemFormat::ocsf, siem::ExportFormat::ocsf},
                                                                 {SiemFormat::ecs, siem::ExportFormat::ecs},
                                                                 {SiemFormat::cef, siem::ExportFormat::cef},
                                                                 {SiemFormat::leef, siem::ExportFormat::leef}};

template <class Row>
const Row& found(const Row* row, const Row* end) {
  if (row == end) throw std::logic_error("a SIEM destination of a kind that this release doesn't know");
  return *row;
}

template <class Rows, class Stored>
auto read(const Rows& rows, Stored stored) {
  return found(std::ranges::find(rows, stored, [](const auto& row) { return row.first; }), std::end(rows)).second;
}

template <class Rows, class Known>
auto written(const Rows& rows, Known known) {
  return found(std::ranges::find(rows, known, [](const auto& row) { return row.second; }), std::end(rows)).first;
}

}  // namespace

push::Protocol protocol_of(SiemProtocol protocol) {
  return read(protocols, protocol);
}
SiemProtocol stored(push::Protocol protocol) {
  return written(protocols, protocol);
}
siem::ExportFormat format_of(SiemFormat format) {
  return read(formats, format);
}
SiemFormat stored(siem::ExportFormat format) {
  return written(formats, format);
}

std::string encode(const ReceiverSecrets& secrets) {
  return projections::RowWriter().text(secrets.client_key).text(secrets.signing_secret).take();
}

std::optional<ReceiverSecrets> decode_receiver_secrets(std::string_view bytes) {
  try {
    projections::RowReader in(bytes);
    ReceiverSecrets secrets;
    secrets.client_key = in.text();
    secrets.signing_secret = in.text();
    if (in.at_end()) return secrets;
  } catch (const std::runtime_error&) {
  }
  return std::nullopt;
}

push::Receiver receiver_of(const domain::SiemDestinationTraits& traits, const domain::SiemConfiguration& configuration,
                           ReceiverSecrets secrets) {
  return {.protocol = protocol_of(traits.protocol),
          .host = configuration.host,
          .port = configuration.port,
          .url = configuration.url,
          .tls = traits.tls,
          .authorities = configuration.authorities,
          .client_certificate = configuration.client_certificate,
          .client_key = std::move(secrets.client_key),
          .signing_secret = std::move(secrets.signing_secret),
          .json = siem::is_json(format_of(traits.format))};
}

}  // namespace countersign::exports
