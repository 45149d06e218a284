#pragma once
// What each event type is in the formats of SIEMs: one table, one row a type. Tests hold that no type is missing, that
// the numbers are those of the published schemas, and that docs/events.md shows the same.
//
// The type's own name ("registration_code.used") is the identifier in every format: metadata.event_code in OCSF,
// event.code and event.action in ECS, the signature id in CEF, the event id in LEEF. Whoever changes what a row says
// raises mapping_version, which the JSON formats carry.
//
// Sources: OCSF 1.8.0 (schema.ocsf.io), Elastic Common Schema 8.17 categorization fields. ADR 0008 says why.

#include <array>
#include <span>
#include <string_view>

#include "domain/event.h"

namespace countersign::siem {

inline constexpr int mapping_version = 2;
inline constexpr std::string_view ocsf_version = "1.8.0", ecs_version = "8.17.0";
inline constexpr std::string_view vendor_name = "Countersign", product_name = "Countersign";

/// The number is the schema's class_uid.
enum class OcsfClass : unsigned {
  event_log_activity = 1008,
  account_change = 3001,
  authentication = 3002,
  entity_management = 3004,
  application_lifecycle = 6002
};

/// What an Entity Management event is about: its target, or something that has no id.
enum class OcsfEntity { target, policy, open_codes, master_key };

struct Mapping {
  domain::EventType type;
  std::string_view title;  ///< name in CEF, message everywhere
  OcsfClass ocsf_class;
  unsigned ocsf_activity;               ///< activity_id; 99: Other
  std::string_view ocsf_activity_name;  ///< the schema's caption, or for Other our own word
  std::array<std::string_view, 2> ecs_category, ecs_type;
  OcsfEntity entity = OcsfEntity::target;
};

std::span<const Mapping> mappings();
/// std::logic_error when there is none: a test holds that this does not happen.
const Mapping& mapping_of(domain::EventType type);

struct ClassName {
  OcsfClass ocsf_class;
  std::string_view name;  ///< the schema's caption
  unsigned category;      ///< category_uid
  std::string_view category_name;
};
const ClassName& class_name(OcsfClass ocsf_class);
/// class_uid * 100 + activity_id.
unsigned type_uid(const Mapping& mapping);

struct SeverityLevel {
  std::string_view name;  ///< as in the catalogue
  unsigned ocsf;          ///< severity_id
  std::string_view ocsf_name;
  unsigned of_ten;  ///< in CEF, LEEF and ECS: 0 to 10
};
const SeverityLevel& severity_level(std::string_view severity);

}  // namespace countersign::siem
