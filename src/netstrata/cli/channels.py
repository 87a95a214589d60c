"""The names of NCD's log channels, which its command line accepts."""

_NAMES = """
    server client flooder tun2socks ncd ncd_var ncd_list ncd_depend ncd_multidepend ncd_dynamic_depend ncd_concat
    ncd_if ncd_strcmp ncd_regex_match ncd_logical ncd_sleep ncd_print ncd_blocker ncd_run ncd_runonce ncd_daemon
    ncd_spawn ncd_imperative ncd_ref ncd_index ncd_alias ncd_process_manager ncd_ondemand ncd_foreach ncd_choose
    ncd_net_backend_waitdevice ncd_net_backend_waitlink ncd_net_backend_badvpn ncd_net_backend_wpa_supplicant
    ncd_net_backend_rfkill ncd_net_up ncd_net_dns ncd_net_iptables ncd_net_ipv4_addr ncd_net_ipv4_route
    ncd_net_ipv4_dhcp ncd_net_ipv4_arp_probe ncd_net_watch_interfaces ncd_sys_watch_input ncd_sys_watch_usb
    ncd_sys_evdev ncd_sys_watch_directory StreamPeerIO DatagramPeerIO BReactor BSignal FragmentProtoAssembler
    BPredicate ServerConnection Listener DataProto FrameDecider BSocksClient BDHCPClientCore BDHCPClient NCDIfConfig
    BUnixSignal BProcess PRStreamSink PRStreamSource PacketProtoDecoder DPRelay BThreadWork DPReceive BInputProcess
    NCDUdevMonitorParser NCDUdevMonitor NCDUdevCache NCDUdevManager BTime BEncryption SPProtoDecoder LineBuffer BTap
    lwip NCDConfigTokenizer NCDConfigParser NCDValParser nsskey addr PasswordListener NCDInterfaceMonitor
    NCDRfkillMonitor udpgw UdpGwClient SocksUdpGwClient SocksUdpClient BNetwork BConnection BSSLConnection BDatagram
    PeerChat BArpProbe NCDModuleIndex NCDModuleProcess NCDValGenerator ncd_from_string ncd_to_string ncd_value
    ncd_try ncd_sys_request_server NCDRequest ncd_net_ipv6_wait_dynamic_addr NCDRequestClient ncd_request
    ncd_sys_request_client ncd_exit ncd_getargs ncd_arithmetic ncd_parse ncd_valuemetic ncd_file ncd_netmask
    ncd_implode ncd_call2 ncd_assert ncd_reboot ncd_explode NCDPlaceholderDb NCDVal ncd_net_ipv6_addr
    ncd_net_ipv6_route ncd_net_ipv4_addr_in_network ncd_net_ipv6_addr_in_network dostest_server dostest_attacker
    ncd_timer ncd_file_open ncd_backtrack ncd_socket ncd_depend_scope ncd_substr ncd_sys_start_process
    NCDBuildProgram ncd_log ncd_log_msg ncd_buffer ncd_getenv BThreadSignal BLockReactor ncd_load_module
    ncd_basic_functions ncd_objref
"""
CHANNELS = frozenset(_NAMES.split())
