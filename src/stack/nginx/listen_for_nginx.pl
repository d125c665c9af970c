# Opens the sockets that NGINX listens on, with a limit that NGINX itself can not set, and then becomes NGINX:
#
#   perl listen_for_nginx.pl 127.0.0.1:443 [::1]:443 -- nginx -c nginx.conf
#
# Connections inherit TCP_USER_TIMEOUT from the socket that accepts them (tcp(7)): the kernel closes a connection on which
# nothing is acknowledged for that long. NGINX takes over open sockets whose numbers are in the variable NGINX, as it does
# when it is replaced by a newer version. NGINX itself opens an address that can not be opened here, and reports why if
# it can not either.
use strict;
use warnings;
use Fcntl qw(F_SETFD);
use IO::Socket::IP;
use Socket qw(IPPROTO_TCP TCP_USER_TIMEOUT);
# A constant, so that "perl -c" fails where the system has no such option.
use constant UNACKNOWLEDGED => [IPPROTO_TCP, TCP_USER_TIMEOUT, pack('i', 30_000)];

# NGINX's own values: number and length of the pauses while an address is not free yet, and the size of the queue.
my ($PAUSES, $PAUSE_S, $BACKLOG) = (4, 0.5, 511);

sub opened {
    my ($host, $port) = $_[0] =~ /^(?:\[?(.*?)\]?:)?(\d+)$/;
    my %wanted = (
        LocalHost => $host // '0.0.0.0',
        LocalPort => $port,
        Listen    => $BACKLOG,
        ReuseAddr => 1,
        V6Only    => 1,
        Sockopts  => [UNACKNOWLEDGED],
    );
    my $socket;
    until ($socket = IO::Socket::IP->new(%wanted)) {
        if (!$!{EADDRINUSE} || $PAUSES-- <= 0) {
            warn "$_[0] is left to NGINX ($!): clients that vanish there are noticed late\n";
            return;
        }
        select(undef, undef, undef, $PAUSE_S);
    }
    # NGINX does not set these on a socket that it takes over. A worker must not wait for a connection that another got.
    $socket->blocking(0);
    fcntl($socket, F_SETFD, 0) or die "a socket can not be handed over: $!\n";
    return $socket;
}

my @sockets;
while (defined(my $address = shift)) {
    last if $address eq '--';
    push @sockets, opened($address);
}
$ENV{NGINX} = join('', map { fileno($_) . ';' } @sockets) if @sockets;
exec @ARGV or die "$ARGV[0] can not be run: $!\n";
