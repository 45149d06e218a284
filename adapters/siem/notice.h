#pragma once
// Lines that travel with events and are none of the log's: a signed checkpoint of the log, and the test of a
// destination. They have a type and an id of their own and no sequence, in every format.
//
// The signed note of a checkpoint is as it was signed in native, OCSF and ECS; in CEF its line breaks are the format's
// \n; LEEF has no escape for them, so there it is in base 64.

#include "adapters/siem/export_format.h"

namespace countersign::siem {

struct Notice {
  std::string_view type;   ///< "log.checkpoint", "siem_destination.test"
  std::string_view title;  ///< name in CEF, message everywhere
  std::string id, account;
  domain::UnixMs time = 0;
  std::uint64_t size = 0;  ///< events that the checkpoint covers
  std::string checkpoint;  ///< the signed note (C2SP signed-note); empty: of another notice
};

/// `note`: as a notary signed it.
Notice checkpoint_notice(domain::AccountId account, std::string note, domain::UnixMs time);
Notice test_notice(domain::AccountId account, std::string id, domain::UnixMs time);

/// One line without its end, in UTF-8.
std::string line_of(ExportFormat format, const Notice& notice);

}  // namespace countersign::siem
