@echo off
rem Copyright: the netmin.windows contributors
rem GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
rem
rem Opens WinRM on a throw-away Windows XP or Server 2003. The image runs it once, from C:\OEM, when an administrator first signs in.
rem Never on a machine that you want to keep: WinRM then answers everybody who knows the password.
rem Progress is in C:\OEM\netmin.log. Not tried on a real machine yet: see docs/real.md.

set log=C:\OEM\netmin.log
echo WinRM is installed> %log%

rem WinRM is no part of these versions. What lies beside this file is installed: KB968930 brings WinRM 2.0, KB936059 WinRM 1.1.
rem /quiet and /norestart are options of every update of that time (Microsoft, "Command-line switches for Windows software update packages").
for %%f in (C:\OEM\dotnet*.exe) do start /wait %%f /q /norestart >> %log% 2>&1
for %%f in (C:\OEM\Windows*KB968930*.exe C:\OEM\Windows*KB936059*.exe) do start /wait %%f /quiet /norestart >> %log% 2>&1

rem Windows XP lets everybody who comes over the network in as a guest unless this is 0 (Microsoft, "Network access: Sharing and security
rem model for local accounts").
reg add HKLM\SYSTEM\CurrentControlSet\Control\Lsa /v forceguest /t REG_DWORD /d 0 /f >> %log% 2>&1

sc config WinRM start= auto >> %log% 2>&1
net start WinRM >> %log% 2>&1

rem WinRM 1.1 would listen on port 80. The port is given, so that both answer on 5985.
call winrm create winrm/config/Listener?Address=*+Transport=HTTP @{Port="5985"} >> %log% 2>&1
call winrm set winrm/config/Listener?Address=*+Transport=HTTP @{Port="5985"} >> %log% 2>&1

netsh firewall add portopening protocol=TCP port=5985 name="WinRM for a test" mode=ENABLE scope=ALL profile=ALL >> %log% 2>&1

call winrm enumerate winrm/config/Listener >> %log% 2>&1
echo WinRM was opened>> %log%
