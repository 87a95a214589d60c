"""Numbers of netlink and rtnetlink.  Source: linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h."""

from typing import Final

AF_UNSPEC: Final = 0
AF_INET: Final = 2
AF_INET6: Final = 10

NLMSG_NOOP: Final = 1
NLMSG_ERROR: Final = 2
NLMSG_DONE: Final = 3
NLMSG_OVERRUN: Final = 4

NLM_F_REQUEST: Final = 0x1
NLM_F_MULTI: Final = 0x2
NLM_F_ACK: Final = 0x4
NLM_F_DUMP_INTR: Final = 0x10
NLM_F_DUMP: Final = 0x300  # in a request for something to read
NLM_F_REPLACE: Final = 0x100  # in a request to make something, as the next three
NLM_F_EXCL: Final = 0x200
NLM_F_CREATE: Final = 0x400
NLM_F_APPEND: Final = 0x800
NLM_F_CAPPED: Final = 0x100  # in an answer, as the next
NLM_F_ACK_TLVS: Final = 0x200

NLMSGERR_ATTR_MSG: Final = 1
NLMSGERR_ATTR_OFFS: Final = 2

NLA_TYPE_MASK: Final = 0x3FFF

RTM_NEWLINK: Final = 16
RTM_DELLINK: Final = 17
RTM_GETLINK: Final = 18
RTM_NEWADDR: Final = 20
RTM_DELADDR: Final = 21
RTM_GETADDR: Final = 22
RTM_NEWROUTE: Final = 24
RTM_DELROUTE: Final = 25
RTM_GETROUTE: Final = 26
RTM_NEWNEIGH: Final = 28
RTM_DELNEIGH: Final = 29
RTM_GETNEIGH: Final = 30
RTM_NEWRULE: Final = 32
RTM_DELRULE: Final = 33
RTM_GETRULE: Final = 34
RTM_NEWNETCONF: Final = 80
RTM_NEWNEXTHOP: Final = 104
RTM_DELNEXTHOP: Final = 105

RTNLGRP_LINK: Final = 1
RTNLGRP_NEIGH: Final = 3
RTNLGRP_IPV4_IFADDR: Final = 5
RTNLGRP_IPV4_ROUTE: Final = 7
RTNLGRP_IPV4_RULE: Final = 8
RTNLGRP_IPV6_IFADDR: Final = 9
RTNLGRP_IPV6_ROUTE: Final = 11
RTNLGRP_IPV6_RULE: Final = 19
RTNLGRP_IPV4_NETCONF: Final = 24
RTNLGRP_IPV6_NETCONF: Final = 25
RTNLGRP_NEXTHOP: Final = 32

IPV6_MIN_MTU: Final = 1280

IFF_UP: Final = 0x1
IFF_RUNNING: Final = 0x40
IFF_NOARP: Final = 0x80
IFF_PROMISC: Final = 0x100
IFF_ALLMULTI: Final = 0x200
IFF_MULTICAST: Final = 0x1000
IFF_LOWER_UP: Final = 0x10000
ARPHRD_ETHER: Final = 1
ARPHRD_LOOPBACK: Final = 772

IFLA_ADDRESS: Final = 1
IFLA_IFNAME: Final = 3
IFLA_MTU: Final = 4
IFLA_LINK: Final = 5
IFLA_MASTER: Final = 10
IFLA_TXQLEN: Final = 13
IFLA_OPERSTATE: Final = 16
IFLA_LINKMODE: Final = 17
IFLA_LINKINFO: Final = 18
IFLA_INFO_KIND: Final = 1
IFLA_INFO_DATA: Final = 2
IFLA_INFO_SLAVE_KIND: Final = 4
IFLA_INFO_SLAVE_DATA: Final = 5
VETH_INFO_PEER: Final = 1  # linux/veth.h
IFLA_IFALIAS: Final = 20
IFLA_STATS64: Final = 23
IFLA_AF_SPEC: Final = 26
IFLA_INET_CONF: Final = 1
IPV4_DEVCONF_PROMOTE_SECONDARIES: Final = 20  # linux/ip.h
IFLA_GROUP: Final = 27
IFLA_EXT_MASK: Final = 29
IFLA_NUM_TX_QUEUES: Final = 31
IFLA_NUM_RX_QUEUES: Final = 32
IFLA_CARRIER: Final = 33
IFLA_LINK_NETNSID: Final = 37
IFLA_PROTO_DOWN: Final = 39
IFLA_GSO_MAX_SEGS: Final = 40
IFLA_GSO_MAX_SIZE: Final = 41
IFLA_CARRIER_CHANGES: Final = 35
IFLA_PROP_LIST: Final = 52
IFLA_ALT_IFNAME: Final = 53
IFLA_GRO_MAX_SIZE: Final = 58
IFLA_GSO_IPV4_MAX_SIZE: Final = 63  # this and the next one since Linux 6.3; older ones ignore them
IFLA_GRO_IPV4_MAX_SIZE: Final = 64
RTEXT_FILTER_SKIP_STATS: Final = 8

IFA_ADDRESS: Final = 1
IFA_LOCAL: Final = 2
IFA_LABEL: Final = 3
IFA_CACHEINFO: Final = 6
IFA_FLAGS: Final = 8
IFA_PROTO: Final = 11  # since Linux 5.18; older ones ignore it
IFA_F_SECONDARY: Final = 0x01
IFA_F_DADFAILED: Final = 0x08
IFA_F_TENTATIVE: Final = 0x40
IFA_F_PERMANENT: Final = 0x80
IFA_F_NOPREFIXROUTE: Final = 0x200
FOREVER: Final = 0xFFFFFFFF

RTA_DST: Final = 1
RTA_OIF: Final = 4
RTA_GATEWAY: Final = 5
RTA_PRIORITY: Final = 6
RTA_PREFSRC: Final = 7
RTA_METRICS: Final = 8
RTAX_MTU: Final = 2
RTA_MULTIPATH: Final = 9
RTA_TABLE: Final = 15
RTA_VIA: Final = 18
RTN_UNICAST: Final = 1
RTN_LOCAL: Final = 2
RTN_BLACKHOLE: Final = 6
RTN_UNREACHABLE: Final = 7
RTN_PROHIBIT: Final = 8
RTN_THROW: Final = 9
RTNH_F_ONLINK: Final = 4
RT_SCOPE_UNIVERSE: Final = 0
RT_SCOPE_LINK: Final = 253
RT_SCOPE_HOST: Final = 254
RT_TABLE_MAIN: Final = 254
RT_TABLE_LOCAL: Final = 255
RTPROT_KERNEL: Final = 2
RTPROT_BOOT: Final = 3
RTPROT_STATIC: Final = 4
RTPROT_NETSTRATA: Final = 110  # not taken in the kernel's header or in iproute2's rt_protos
RTM_F_CLONED: Final = 0x200
RTM_F_FIB_MATCH: Final = 0x2000  # tell the route that counts, not what becomes of it; older kernels ignore it
IP6_METRIC: Final = 1024  # what the kernel makes of no metric at all

NDA_DST: Final = 1
NDA_LLADDR: Final = 2
NDA_PROTOCOL: Final = 12
NUD_PERMANENT: Final = 0x80
