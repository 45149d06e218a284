#include "domain/siem_configuration.h"

#include <charconv>

namespace countersign::domain {
namespace {

constexpr std::pair<std::string_view, std::string SiemConfiguration::*> texts[] = {
    {"host", &SiemConfiguration::host},
    {"url", &SiemConfiguration::url},
    {"filter", &SiemConfiguration::filter},
    {"authorities", &SiemConfiguration::authorities},
    {"client_certificate", &SiemConfiguration::client_certificate}};
constexpr std::string_view port_name = "port";

void add(Personal& personal, std::string_view name, std::string value) {
  if (value.empty()) return;
  auto row = std::make_unique<fb::AttributeT>();
  row->name = name;
  row->value = std::move(value);
  personal.attributes.push_back(std::move(row));
}

}  // namespace

Personal personal_of(const SiemConfiguration& configuration) {
  Personal personal;
  personal.name = configuration.name;
  for (const auto& [name, member] : texts) add(personal, name, configuration.*member);
  if (configuration.port != 0) add(personal, port_name, std::to_string(configuration.port));
  return personal;
}

SiemConfiguration siem_configuration_of(const Personal& personal) {
  SiemConfiguration configuration{.name = personal.name};
  for (const auto& row : personal.attributes) {
    for (const auto& [name, member] : texts)
      if (row->name == name) configuration.*member = row->value;
    if (row->name == port_name)
      std::from_chars(row->value.data(), row->value.data() + row->value.size(), configuration.port);
  }
  return configuration;
}

std::string SiemConfiguration::receiver() const {
  if (!url.empty()) {
    const auto scheme = url.find("://");
    const auto authority = scheme == std::string::npos ? 0 : scheme + 3;
    return url.substr(0, url.find_first_of("/?#", authority));
  }
  return port == 0 ? host : host + ':' + std::to_string(port);
}

}  // namespace countersign::domain
