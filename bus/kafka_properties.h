#pragma once
// Properties of librdkafka as an operator gives them: name=value one by one, and in a file for those that nobody else
// is to see. The file has one name=value a line; blanks around both don't count, nor do empty lines and those that
// begin with '#'. Which properties may be set is KafkaClient's to know.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::bus {

using KafkaProperties = std::map<std::string, std::string>;

/// What stands in `given` wins over what stands in `file` (empty: there is none). Throws KafkaRefused, which names no
/// value: for what is no name=value, and for a file of more than 1 MiB, that can't be read, or that holds a secret and
/// can be read by everybody.
KafkaProperties kafka_properties(const std::vector<std::string>& given, const std::filesystem::path& file);

/// Whether the property's value is to be shown to nobody.
bool is_secret_property(std::string_view name);

}  // namespace countersign::bus
