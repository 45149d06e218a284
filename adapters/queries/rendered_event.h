#pragma once
// An event with everything opened and resolved that a reader outside may see: the neutral record from which the API's
// JSON and every SIEM format are made, so that no format opens seals or looks up names by itself.
//
// Texts are what people sent, in UTF-8 unless damaged: each format escapes them by its own rules. "(erased)" stands for
// the name of a person whose key is gone; empty is what there is not.

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "domain/event.h"

namespace countersign::queries {

struct RenderedParty {
  domain::PartyKind kind = domain::PartyKind::none;
  std::string id;  ///< with its prefix; "root", "system"; empty for a source
  std::string display;
};

struct RenderedEvent {
  domain::EventType type = domain::EventType::none;
  std::string id, account;
  std::uint64_t sequence = 0;
  domain::UnixMs time = 0;
  std::string_view severity;  ///< as in the catalogue, raised by the reason
  bool success = true;
  std::string_view reason;
  RenderedParty actor, subject, target;
  std::string ip, user_agent;
  std::string country, city, as_organization;  ///< of the address, where they are known
  std::uint32_t as_number = 0;
  std::string session, correlation;
  boost::json::object details;
  std::string position;
};

/// The event as the API shows it.
boost::json::object to_json(const RenderedEvent& event);

}  // namespace countersign::queries
