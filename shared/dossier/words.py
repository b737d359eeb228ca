"""The words of findings: code -> Chinese, English. Values in braces are filled in."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "not_recognised": (
        "无法识别：不是案卷包、回执、检查点、日志节录或证据文件",
        "Not recognised: no bag, receipt, checkpoint, journal extract or blob",
    ),
    "nothing_there": ("路径不存在或无法读取：{why}", "Nothing can be read there: {why}"),
    # the ZIP
    "not_a_zip": ("不是 ZIP 文件", "Not a ZIP file"),
    "zip_cut": (
        "文件不完整：结尾缺失（尚未复制完，或被截断）",
        "The file is cut: its end is missing (still being copied, or torn)",
    ),
    "zip_compressed": (
        "条目经过压缩（{packed} 字节展开为 {size} 字节）：案卷包只接受不压缩的条目，以防压缩炸弹",
        "The entry is compressed ({packed} bytes to {size}): bags are stored uncompressed, so that none can be a bomb",
    ),
    "zip_encrypted": ("条目已加密，无法核对", "The entry is encrypted and cannot be checked"),
    "zip_bytes_changed": ("内容与 ZIP 校验码不符", "The bytes do not have the CRC the ZIP states"),
    "zip_directory_changed": ("ZIP 目录被改动", "The ZIP's directory was changed"),
    "zip_line_changed": ("ZIP 目录中该条目的记录被改动", "The entry's line in the ZIP's directory was changed"),
    "zip_header_changed": ("ZIP 条目头部与目录不一致", "The entry's header says something else than the directory"),
    "zip_overlap": ("ZIP 条目重叠或其间藏有内容", "Entries overlap, or something is hidden between them"),
    "zip_same_name": ("ZIP 中有同名条目", "Two entries have the same name"),
    "not_one_folder": ("ZIP 中应当只有一个文件夹，现有 {count} 个", "The ZIP holds {count} folders; a bag is one"),
    "too_many_files": ("文件过多：{count} 个，最多 {most} 个", "Too many files: {count}, at most {most}"),
    "too_large": ("过大：{size} 字节，最多 {most} 字节", "Too large: {size} bytes, at most {most}"),
    "link": ("链接或特殊文件，不予接受", "A link or special file, which is not taken"),
    "path_outside": ("路径不允许（{why}）", "The path is not allowed ({why})"),
    "name_collision": ("与另一文件仅大小写或字形不同", "Differs from another file in case or form only"),
    # BagIt
    "not_a_bag": ("缺少 bagit.txt：不是 BagIt 包", "bagit.txt is missing: not a BagIt bag"),
    "declaration_wrong": ("bagit.txt 不合 RFC 8493", "bagit.txt is not as RFC 8493 has it"),
    "fetch_refused": ("fetch.txt 要求从别处取文件，不予接受", "fetch.txt names files elsewhere, which is not taken"),
    "manifest_missing": ("缺少清单 {name}", "The manifest {name} is missing"),
    "manifest_line": ("第 {line} 行不合格式", "Line {line} is malformed"),
    "manifest_twice": ("清单中重复列出", "Listed twice in the manifest"),
    "hash_unknown": ("不认识的摘要算法 {name}", "Unknown hash {name}"),
    "info_line": ("第 {line} 行不合格式", "Line {line} is malformed"),
    "oxum_wrong": ("Payload-Oxum 为 {said}，实为 {found}", "Payload-Oxum says {said}, it is {found}"),
    "file_missing": ("文件缺失", "The file is missing"),
    "file_unlisted": ("文件不在清单 {name} 中", "The file is not in {name}"),
    "file_changed": (
        "内容与清单 {name} 不符：有字节被改动",
        "The bytes are not those in {name}: something was changed",
    ),
    "file_unreadable": ("文件无法读取：{why}", "The file cannot be read: {why}"),
    "files_hold": ("{count} 个文件齐全，逐一与清单相符", "All {count} files are there and have their hashes"),
    # minutes of conferences
    "minutes_unreadable": ("会商纪要或者会签无法解读：{why}", "The minutes or a signature cannot be read: {why}"),
    "minutes_hold": ("会商纪要第 {number} 版，摘要 {digest}", "Minutes, version {number}, with the digest {digest}"),
    "minutes_of_another": ("{agency} 会签的不是这份纪要", "{agency} signed other minutes than these"),
    "minutes_signed": ("{agency} 于 {at} 会签第 {number} 版", "{agency} signed version {number} at {at}"),
    "minutes_refused": (
        "{agency} 于 {at} 对第 {number} 版不予会签，并说明理由",
        "{agency} refused to sign version {number} at {at}, with reasons",
    ),
    "minutes_unsigned": ("没有任何机关会签", "No agency has signed"),
    # signatures
    "unsigned": ("没有签名：内容齐全不等于来源可信", "Unsigned: complete, but nobody vouches for it"),
    "signature_unreadable": ("签名文件无法解读：{why}", "The signature cannot be read: {why}"),
    "suite_unavailable": ("无法核对 {suite} 签名：{why}", "Signatures of {suite} cannot be checked here: {why}"),
    "signature_over_other": ("签名（{agency}）所签的不是这份内容", "The signature of {agency} is over other content"),
    "signature_false": ("签名（{agency}，密钥 {key}）不成立", "The signature of {agency} with key {key} is false"),
    "signer_unknown": (
        "签名与内容相符，但签名者不在可信公钥中（自称 {agency}，密钥 {key}，{at}）",
        "It holds together, but the signer is unknown (says {agency}, key {key}, {at})",
    ),
    "key_not_valid_then": (
        "{agency} 的密钥 {key} 在 {at} 不在有效期内",
        "Key {key} of {agency} was not valid at {at}",
    ),
    "signed": ("由 {agency} 于 {at} 签名（密钥 {key}）", "Signed by {agency} at {at} with key {key}"),
    "not_signed_by_sender": ("没有发出机关 {agency} 的签名", "The sender {agency} has not signed it"),
    "stamp_unreadable": ("时间戳无法解读：{why}", "The time stamp cannot be read: {why}"),
    "stamp_changed": ("时间戳文件被改动", "The time stamp file was changed"),
    "stamp_over_other": ("时间戳不是盖在这份签名上", "The time stamp is over something else"),
    "stamp_false": ("时间戳不成立：{why}", "The time stamp does not hold: {why}"),
    "stamp_unchecked": (
        "时间戳写明 {at}；未提供时间戳机构的根证书，未核对该机构",
        "Stamped {at}; its authority was not checked, no root certificate was given",
    ),
    "stamp_no_library": (
        "有时间戳；本机未安装 rfc3161-client，未核对",
        "There is a time stamp; rfc3161-client is not installed here, so it was not checked",
    ),
    "stamped": ("由可信时间戳机构证明在 {at} 之前已存在", "Proven by the time stamp authority to have existed at {at}"),
    # content
    "manifest_unreadable": ("移送清单无法解读：{why}", "The manifest cannot be read: {why}"),
    "subject_differs": ("所述事项为 {found}，案卷包为 {expected}", "Speaks of {found}, the bag of {expected}"),
    "item_missing": ("清单所列证据 {item} 不在包内", "Item {item} of the manifest is not in the bag"),
    "item_differs": ("证据 {item} 与移送清单的摘要或大小不符", "Item {item} is not what the manifest says"),
    "item_unlisted": ("证据不在移送清单中", "The evidence is not in the manifest"),
    "manifest_holds": (
        "移送清单 {digest}：{count} 件证据均与清单相符",
        "Manifest {digest}: all {count} items are as listed",
    ),
    "message_unreadable": ("消息无法解读：{why}", "The message cannot be read: {why}"),
    "message_differs": ("消息所附清单摘要与包内清单不一致", "The message is bound to another manifest"),
    "custody_unreadable": ("流转记录无法解读：{why}", "The custody record cannot be read: {why}"),
    "custody_holds": ("{count} 件证据的流转记录共 {acts} 条", "{acts} acts of custody over {count} items"),
    # journal
    "journal_unreadable": ("日志节录无法解读：{why}", "The journal extract cannot be read: {why}"),
    "entry_changed": ("第 {seq} 条的文字与其摘要不符", "The text of entry {seq} does not have its hash"),
    "entry_place": ("应为第 {expected} 条，实为第 {seq} 条", "Entry {expected} was expected, not {seq}"),
    "entry_chain": ("第 {seq} 条没有接续前一条", "Entry {seq} does not continue the one before it"),
    "entry_says_other": ("第 {seq} 条的文字与其位置不一致", "The text of entry {seq} is about another place"),
    "journal_end": ("日志节录的结尾与条目不符", "The end of the extract does not fit its entries"),
    "journal_holds": (
        "日志链完整：{count} 条，其中 {hidden} 条仅列摘要",
        "The chain of {count} entries holds; {hidden} are shown by their hash only",
    ),
    "anchored": ("第 {seq} 条与 {on} 的检查点一致", "Entry {seq} is the one in the checkpoint of {on}"),
    "anchor_differs": ("第 {seq} 条与 {on} 的检查点不一致", "Entry {seq} is not the one in the checkpoint of {on}"),
    "anchor_beyond": (
        "{on} 的检查点记至第 {seq} 条，节录没有这么长",
        "The checkpoint of {on} knows entry {seq}; the extract is shorter",
    ),
    # statements
    "statement_unreadable": ("无法解读：{why}", "It cannot be read: {why}"),
    "statement_of_another": ("由 {agency} 签名，但内容自称出自他方", "Signed by {agency}, but it speaks for another"),
    "receipt_unreadable": ("回执无法解读：{why}", "The receipt cannot be read: {why}"),
    "receipt_of_another": (
        "回执对应的清单是 {digest}，不是 {expected}",
        "The receipt is for manifest {digest}, not {expected}",
    ),
    "receipt_says": (
        "回执：{agency} 于 {at} 出具“{kind}”，对应清单 {digest}",
        "Receipt '{kind}' of {agency} at {at} for manifest {digest}",
    ),
    "checkpoint_unreadable": ("检查点无法解读：{why}", "The checkpoint cannot be read: {why}"),
    "checkpoint_says": (
        "检查点：{room} 室 {on}，{chains} 条链、{entries} 条记录",
        "Checkpoint of room {room} for {on}: {chains} chains, {entries} entries",
    ),
    # blobs
    "blob_holds": ("内容与文件名（SHA-256）相符", "The bytes have the SHA-256 they are named by"),
    "blob_changed": (
        "内容与文件名（SHA-256）不符：有字节被改动",
        "The bytes do not have the SHA-256 they are named by",
    ),
}
