@echo off
rem netmin.windows: collect for Windows 2000
rem Copyright: the netmin.windows contributors
rem GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
rem
rem Writes down what listens here, which services run, and what the registry says of them, in a new folder that you name.
rem Run it as administrator, for example:   collect_2000.cmd C:\NETMIN
rem It changes nothing else. To learn whether you are administrator it makes one file below System32 and removes it at once,
rem since Windows 2000 has no test that only reads.
rem
rem Exit codes: 0 everything was collected     1 no folder was named     2 this is not Windows 2000     3 you are not administrator
rem             4 the folder cannot be used    5 a tool of this Windows does not work as this script needs it
rem             6 done, but something could not be read

rem However this computer is set up: call and for are known here, and an exclamation mark in a name is nothing but that.
setlocal enableextensions disabledelayedexpansion
set "TOOLS=%SystemRoot%\System32"
set "TO=%~1"
set "LOST="
if not defined TO goto usage

rem Before anything is believed, each tool is tried on something that is known.
ver | "%TOOLS%\find.exe" "5.00." >nul
if errorlevel 1 goto other

echo Makes and removes the file %TOOLS%\netmin.tst, to see whether you are administrator.
>"%TOOLS%\netmin.tst" echo netmin.windows: this file can be removed
if not exist "%TOOLS%\netmin.tst" goto rights
del "%TOOLS%\netmin.tst"
if exist "%TOOLS%\netmin.tst" goto rights

if exist "%TO%\collect.txt" goto used
if not exist "%TO%\" md "%TO%"
>"%TO%\collect.txt" echo netmin.windows collect 1
if not exist "%TO%\collect.txt" goto folder
>>"%TO%\collect.txt" echo systemroot %SystemRoot%

rem Which code page the listings are in, and which Windows this is.
"%TOOLS%\chcp.com" >"%TO%\chcp.txt"
ver >"%TO%\ver.txt"

rem The registry. ProductType is in every Windows: where it is not found, no other export is to be believed.
call :key product.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions"
if not exist "%TO%\product.reg" goto regedit
type "%TO%\product.reg" | "%TOOLS%\find.exe" "ProductType" >nul
if errorlevel 1 goto regedit
call :key codepage.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Nls\CodePage"
call :key language.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Nls\Language"
call :key services.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services"
call :key adapters.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
call :key computer.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ComputerName"
call :key windows.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Windows"
call :key session.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager"
call :key ole.reg "HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Ole"
call :key rpc.reg "HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Rpc"
rem These are often not there; then no file is made, and that is an answer as well.
call :key policies.reg "HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft"
call :key history.reg "HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\History"
call :key netmin.reg "HKEY_LOCAL_MACHINE\SOFTWARE\netmin.windows"
for %%f in (services.reg adapters.reg computer.reg session.reg rpc.reg) do call :must %%f

rem Which services run, by the names that people see; some always do, and each is indented by three blanks.
"%TOOLS%\net.exe" start >"%TO%\net-start.txt"
"%TOOLS%\find.exe" "   " "%TO%\net-start.txt" >nul
if errorlevel 1 goto netstart

rem What listens, and how the host is connected.
"%TOOLS%\netstat.exe" -an >"%TO%\netstat.txt"
call :must netstat.txt
"%TOOLS%\ipconfig.exe" /all >"%TO%\ipconfig.txt"
"%TOOLS%\route.exe" print >"%TO%\route.txt"
rem rpccfg -l lists the interfaces by the numbers that RPC knows them by. It is a download of Microsoft's, and not on a plain Windows 2000:
rem each folder of the path is looked into, and the first that has it is taken.
for %%d in ("%PATH:;=" "%") do if not exist "%TO%\rpccfg.txt" if exist "%%~d\rpccfg.exe" "%%~d\rpccfg.exe" -l >"%TO%\rpccfg.txt"
rem Once more, since a service may just have been starting.
"%TOOLS%\netstat.exe" -an >"%TO%\netstat2.txt"
call :must netstat2.txt
>>"%TO%\collect.txt" echo done

echo.
echo The folder may hold secrets: exports of the registry have those of other makers' services, and SNMP communities. Keep it safe.
if defined LOST goto lost
echo Done. Everything was collected in "%TO%".
exit /b 0

:key
rem regedit has no exit code that tells anything: what tells is the file. It waits for nobody unless started with /wait.
>>"%TO%\collect.txt" echo key %~1 %~2
start "" /wait "%SystemRoot%\regedit.exe" /e "%TO%\%~1" "%~2"
goto :eof

:must
if not exist "%TO%\%~1" set "LOST=%LOST% %~1"
goto :eof

:usage
echo Name a new folder: collect_2000.cmd C:\NETMIN
exit /b 1

:other
echo This is not Windows 2000. Use collect_xp.cmd on Windows XP and Server 2003, collect_vista.cmd on anything later.
exit /b 2

:rights
echo You are not administrator here: %TOOLS% cannot be written. Log on as administrator and run the script again.
exit /b 3

:used
echo "%TO%" holds what was collected earlier. Name a new folder.
exit /b 4

:folder
echo "%TO%" cannot be written. Name a folder on a disk that can, with some 20 MB left.
exit /b 4

:regedit
echo regedit did not export HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions, or find cannot read what it wrote.
exit /b 5

:netstart
echo "net start" listed no service, and some always run.
exit /b 5

:lost
echo Done, but this could not be read:%LOST%
exit /b 6
